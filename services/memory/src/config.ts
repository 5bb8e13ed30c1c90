// The settings of memory, read once at start.
import { z } from 'zod';
import type { Environment } from '@troupe/shared';
import { environment, integerBetween, kernelSettings, numberBetween, readSettings } from '@troupe/shared';

/** Chroma is told its host and port; an address that says more than that would be understood in part. */
const isBareOrigin = (text: string): boolean => {
  const { protocol, username, password, pathname, search, hash } = new URL(text);
  const rest = [username, password, search, hash, pathname === '/' ? '' : pathname].join('');
  return ['http:', 'https:'].includes(protocol) && rest === '';
};

export const settings = {
  ...kernelSettings,
  CHROMA_URL: z
    .string()
    .refine((text) => URL.canParse(text) && isBareOrigin(text), {
      message: 'must be the address of a Chroma server and nothing behind it, such as http://127.0.0.1:8000',
    })
    .default('http://127.0.0.1:8000'),
  /** Recalls answered at once, and records written at once. */
  AGENT_MEMORY_CONCURRENCY: integerBetween(1, 1_000, 32),
  /** For one call of Chroma or of the embedding service. */
  AGENT_MEMORY_TIMEOUT_SECONDS: numberBetween(0.1, 30, 2),
};

export type MemoryConfig = z.infer<z.ZodObject<typeof settings>>;

/** Throws StartupError `invalid_configuration`. */
export const readConfig = (env: Environment = environment()): MemoryConfig => readSettings(settings, env);
