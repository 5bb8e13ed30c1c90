// The gateway's settings. Keys come from a variable or from the file that another one names, and are kept out of every
// message and log line.
import type { ModelsResponse } from '@troupe/contracts';
import type { Environment } from '@troupe/shared';
import {
  environment,
  flag,
  httpUrl,
  integerBetween,
  kernelSettings,
  numberBetween,
  oneOf,
  readSettings,
  secret,
  secretFile,
  StartupError,
} from '@troupe/shared';
import { z } from 'zod';
import { keyList } from './keys/provider-key.ts';
import { planTargets, targetName } from './rules/targets.ts';

const model = z.string().regex(/^[\w.:/-]{1,128}$/, 'must be the name of a model');
/** Unset: no limit, and nothing is asked of the budgets' bucket. */
const dollars = () =>
  z
    .string()
    .regex(/^\d{1,6}(\.\d{1,9})?$/, 'must be an amount of US dollars such as 0.25')
    .transform((text) => Math.round(Number(text) * 1e9))
    .optional();
const EMBEDDING_MODELS = ['text-embedding-3-small', 'lexical-384'] as const;

export const settings = {
  ...kernelSettings,
  OPENAI_API_KEY: secret(),
  OPENAI_API_KEY_FILE: secretFile(),
  OPENAI_API_KEYS: keyList().optional(),
  OPENAI_API_KEYS_FILE: secretFile(),
  /** The dialect that OPENAI_BASE_URL speaks: compatible servers know Chat Completions. */
  OPENAI_API: oneOf(['responses', 'chat'], 'responses'),
  OPENAI_BASE_URL: httpUrl().default('https://api.openai.com/v1'),
  ANTHROPIC_API_KEY: secret(),
  ANTHROPIC_API_KEY_FILE: secretFile(),
  ANTHROPIC_API_KEYS: keyList().optional(),
  ANTHROPIC_API_KEYS_FILE: secretFile(),
  ANTHROPIC_BASE_URL: httpUrl().default('https://api.anthropic.com'),
  AGENT_PRIMARY_MODEL: model.default('gpt-4.1-mini'),
  AGENT_FALLBACK_MODEL: model.default('gpt-3.5-turbo'),
  FF_AGENTS_LLM_FALLBACK: flag(true),
  /** By default the provider's with OPENAI_API_KEY, else ours. Memories made with one are not found with the other. */
  AGENT_EMBEDDING_MODEL: z.enum(EMBEDDING_MODELS, `must be one of ${EMBEDDING_MODELS.join(', ')}`).optional(),
  /** Until the first part of an answer, and between its parts. */
  AGENT_LLM_TIMEOUT_SECONDS: numberBetween(0.5, 30, 5),
  /** Per target, on top of the first attempt. */
  AGENT_HTTP_MAX_RETRIES: integerBetween(1, 10, 3),
  AGENT_HTTP_BASE_BACKOFF_SECONDS: numberBetween(0.05, 5, 0.2),
  /** Provider calls at once, per target, in this process. */
  AGENT_LLM_CONCURRENCY: integerBetween(1, 1_000, 64),
  /** Replaces the table that is shipped (prices.json). */
  AGENT_PRICES_FILE: z
    .string()
    .regex(/\.json$/, 'must be the path of a file whose name ends in .json')
    .optional(),
  /** In nano-dollars once read. */
  AGENT_BUDGET_WORKFLOW_USD: dollars(),
  AGENT_BUDGET_USER_DAY_USD: dollars(),
  AGENT_BUDGET_DAY_USD: dollars(),
};

/** Throws StartupError `invalid_configuration` or `no_provider_key`. */
export function readConfig(env: Environment = environment()) {
  const read = readSettings(settings, env);
  const hasKey = {
    openai: read.OPENAI_API_KEY !== undefined || read.OPENAI_API_KEYS !== undefined,
    anthropic: read.ANTHROPIC_API_KEY !== undefined || read.ANTHROPIC_API_KEYS !== undefined,
  };
  const targets = planTargets({
    primary: read.AGENT_PRIMARY_MODEL,
    fallback: read.AGENT_FALLBACK_MODEL,
    fallbackEnabled: read.FF_AGENTS_LLM_FALLBACK,
    hasKey,
  });
  if (targets.chain.length === 0) {
    throw new StartupError({
      code: 'no_provider_key',
      message: 'No provider can be asked: neither OPENAI_API_KEY nor ANTHROPIC_API_KEY is set.',
      hint: 'Set one of them (or OPENAI_API_KEY_FILE, ANTHROPIC_API_KEY_FILE to a file that holds the key).',
    });
  }
  const embeddingModel =
    read.AGENT_EMBEDDING_MODEL ?? (hasKey.openai ? 'text-embedding-3-small' : 'lexical-384');
  if (embeddingModel === 'text-embedding-3-small' && !hasKey.openai) {
    throw new StartupError({
      code: 'no_provider_key',
      message: 'AGENT_EMBEDDING_MODEL: text-embedding-3-small needs OPENAI_API_KEY, which is not set.',
      hint: 'Set the key, or AGENT_EMBEDDING_MODEL=lexical-384.',
    });
  }
  return { ...read, targets, embeddingModel };
}
export type GatewayConfig = ReturnType<typeof readConfig>;

/** What the gateway says of its choice, in its log and to whoever asks. */
export const chosenModels = ({ targets, embeddingModel }: GatewayConfig): ModelsResponse => ({
  chain: targets.chain.map(targetName),
  skipped: targets.skipped.map(targetName),
  substituted: targets.substituted,
  embeddings: embeddingModel,
});
