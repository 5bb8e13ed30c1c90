// The settings of memory, read once at start.
import { z } from 'zod';
import type { Environment } from '@troupe/shared';
import {
  environment,
  integerBetween,
  kernelSettings,
  numberBetween,
  readSettings,
  secretFile,
  StartupError,
} from '@troupe/shared';
import { masterKeyOf } from './sealing/master-key.ts';

/** Chroma is told its host and port; an address that says more than that would be understood in part. */
const isBareOrigin = (text: string): boolean => {
  const { protocol, username, password, pathname, search, hash } = new URL(text);
  const rest = [username, password, search, hash, pathname === '/' ? '' : pathname].join('');
  return ['http:', 'https:'].includes(protocol) && rest === '';
};

const masterKey = () =>
  z
    .string()
    .refine((text) => masterKeyOf(text) !== undefined, 'must be 32 bytes in base64 or hex')
    .transform(masterKeyOf)
    .optional();

export const settings = {
  ...kernelSettings,
  CHROMA_URL: z
    .string()
    .refine((text) => URL.canParse(text) && isBareOrigin(text), {
      message: 'must be the address of a Chroma server and nothing behind it, such as http://127.0.0.1:8000',
    })
    .default('http://127.0.0.1:8000'),
  /** Recalls of runs answered at once. */
  AGENT_MEMORY_CONCURRENCY: integerBetween(1, 1_000, 32),
  /** For one call of Chroma or of the embedding service. */
  AGENT_MEMORY_TIMEOUT_SECONDS: numberBetween(0.1, 30, 2),
  /** Wraps the users' data keys. */
  AGENT_MEMORY_KEY: masterKey(),
  AGENT_MEMORY_KEY_FILE: secretFile(),
  /** The master key before this one: what it wrapped is wrapped anew when it is met. */
  AGENT_MEMORY_KEY_PREVIOUS: masterKey(),
  AGENT_MEMORY_KEY_PREVIOUS_FILE: secretFile(),
};

export type MemoryConfig = z.infer<z.ZodObject<typeof settings>>;

/** Throws StartupError `invalid_configuration`, or in production without a master key `memory_key_missing`. */
export function readConfig(env: Environment = environment()): MemoryConfig {
  const config = readSettings(settings, env);
  if (config.APP_ENV !== 'production' || config.AGENT_MEMORY_KEY !== undefined) return config;
  throw new StartupError({
    code: 'memory_key_missing',
    message: 'APP_ENV is production, and there is no AGENT_MEMORY_KEY to seal with what users leave.',
    hint: 'Make one with `openssl rand -base64 32`, keep it where the database cannot be stolen with it, and set AGENT_MEMORY_KEY or AGENT_MEMORY_KEY_FILE.',
  });
}
