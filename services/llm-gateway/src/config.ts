// The gateway's settings. Keys come from a variable or from the file that another one names, and are kept out of every
// message and log line.
import { readFileSync } from 'node:fs';
import type { Environment } from '@troupe/shared';
import {
  environment,
  flag,
  integerBetween,
  kernelSettings,
  numberBetween,
  readSettings,
  StartupError,
} from '@troupe/shared';
import { z } from 'zod';
import { planTargets } from './rules/targets.ts';

const model = z.string().regex(/^[\w.:/-]{1,128}$/, 'must be the name of a model');
const baseUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const key = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII without spaces')
  .optional();

const settings = {
  ...kernelSettings,
  OPENAI_API_KEY: key,
  OPENAI_BASE_URL: baseUrl.default('https://api.openai.com/v1'),
  ANTHROPIC_API_KEY: key,
  ANTHROPIC_BASE_URL: baseUrl.default('https://api.anthropic.com'),
  AGENT_PRIMARY_MODEL: model.default('gpt-4.1-mini'),
  AGENT_FALLBACK_MODEL: model.default('gpt-3.5-turbo'),
  FF_AGENTS_LLM_FALLBACK: flag(true),
  /** By default the provider's with OPENAI_API_KEY, else ours. Memories made with one are not found with the other. */
  AGENT_EMBEDDING_MODEL: z.enum(['text-embedding-3-small', 'lexical-384']).optional(),
  /** Until the first part of an answer, and between its parts. */
  AGENT_LLM_TIMEOUT_SECONDS: numberBetween(0.5, 30, 5),
  AGENT_HTTP_MAX_RETRIES: integerBetween(0, 10, 3),
  AGENT_HTTP_BASE_BACKOFF_SECONDS: numberBetween(0.001, 10, 0.2),
  /** Model turns at once in this process. */
  AGENT_LLM_CONCURRENCY: integerBetween(1, 1_000, 64),
};

/** Throws StartupError `invalid_configuration`, `secret_unreadable` or `no_provider_key`. */
export function readConfig(env: Environment = environment()) {
  const read = readSettings(settings, { ...env, ...keysFromFiles(env) });
  const targets = planTargets({
    primary: read.AGENT_PRIMARY_MODEL,
    fallback: read.AGENT_FALLBACK_MODEL,
    fallbackEnabled: read.FF_AGENTS_LLM_FALLBACK,
    hasKey: {
      openai: read.OPENAI_API_KEY !== undefined,
      anthropic: read.ANTHROPIC_API_KEY !== undefined,
    },
  });
  const embeddingModel =
    read.AGENT_EMBEDDING_MODEL ??
    (read.OPENAI_API_KEY === undefined ? 'lexical-384' : 'text-embedding-3-small');
  if (embeddingModel === 'text-embedding-3-small' && read.OPENAI_API_KEY === undefined) {
    throw new StartupError({
      code: 'no_provider_key',
      message: 'AGENT_EMBEDDING_MODEL: text-embedding-3-small needs OPENAI_API_KEY, which is not set.',
      hint: 'Set the key, or AGENT_EMBEDDING_MODEL=lexical-384.',
    });
  }
  if (targets.chain.length > 0) return { ...read, targets, embeddingModel };
  throw new StartupError({
    code: 'no_provider_key',
    message: 'No provider can be asked: neither OPENAI_API_KEY nor ANTHROPIC_API_KEY is set.',
    hint: 'Set one of them (or OPENAI_API_KEY_FILE, ANTHROPIC_API_KEY_FILE to a file that holds the key).',
  });
}
export type GatewayConfig = ReturnType<typeof readConfig>;

function keysFromFiles(env: Environment): Record<string, string> {
  const keys: Record<string, string> = {};
  for (const name of ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY']) {
    const variable = `${name}_FILE`;
    const file = env[variable];
    if (!file) continue;
    if (env[name]) throw unreadable(variable, `${name} is set as well`, 'Unset one of the two.');
    const content = contentOf(file)?.trim();
    if (!content)
      throw unreadable(
        variable,
        'the file cannot be read or is empty',
        'Correct the path or its permissions.',
      );
    keys[name] = content;
  }
  return keys;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const unreadable = (variable: string, why: string, hint: string): StartupError =>
  new StartupError({ code: 'secret_unreadable', message: `${variable}: ${why}.`, hint });
