// The gateway put together from its settings: clients, one circuit breaker per target, the chain of targets, the embedder.
import Anthropic from '@anthropic-ai/sdk';
import type { Logger } from '@troupe/shared';
import OpenAI from 'openai';
import type { Breaker } from './breaker.ts';
import { createBreaker } from './breaker.ts';
import type { CallRules } from './call-target.ts';
import type { Complete, ReadyTarget } from './complete.ts';
import { createComplete } from './complete.ts';
import type { GatewayConfig } from './config.ts';
import type { Embedder } from './embedding/embedder.ts';
import { lexicalEmbedder } from './embedding/lexical.ts';
import { openaiEmbedder } from './embedding/openai.ts';
import type { Provider } from './generation.ts';
import { anthropicMessages } from './providers/anthropic-messages.ts';
import { openaiResponses } from './providers/openai-responses.ts';
import type { Observers } from './observe-call.ts';
import type { ProviderName } from './rules/models.ts';
import type { Target } from './rules/targets.ts';
import { targetName } from './rules/targets.ts';

export interface Gateway {
  readonly complete: Complete;
  readonly embedder: Embedder;
}

export interface GatewayLimits {
  /** Bounds one turn over all targets. */
  readonly budgetMs: number;
  /** Failures in a row that open a target's circuit, and how long it stays open. */
  readonly circuit: { readonly failures: number; readonly openForMs: number };
}

const LIMITS: GatewayLimits = { budgetMs: 120_000, circuit: { failures: 5, openForMs: 60_000 } };

export function createGateway(
  config: GatewayConfig,
  { logger, metrics, tracer }: Observers & { readonly logger: Logger },
  limits = LIMITS,
): Gateway {
  tellTargets(config, logger);
  const rules: CallRules = {
    retry: {
      maxRetries: config.AGENT_HTTP_MAX_RETRIES,
      baseMs: config.AGENT_HTTP_BASE_BACKOFF_SECONDS * 1_000,
    },
    contentTimeoutMs: config.AGENT_LLM_TIMEOUT_SECONDS * 1_000,
    random: Math.random,
  };
  const breakerOf = (target: string): Breaker =>
    createBreaker({
      ...limits.circuit,
      onChange: (circuit) => logger.warn({ target, circuit }, 'circuit breaker'),
    });
  const openai = openaiClient(config);
  const clients: Record<ProviderName, () => Provider> = {
    openai: () => openaiResponses(openai),
    anthropic: () => anthropicMessages(anthropicClient(config)),
  };
  const ready = (target: Target): ReadyTarget => ({
    ...target,
    client: clients[target.provider](),
    breaker: breakerOf(targetName(target)),
  });
  return {
    complete: createComplete({
      chain: config.targets.chain.map(ready),
      rules,
      budgetMs: limits.budgetMs,
      observers: { metrics, tracer },
    }),
    embedder:
      config.embeddingModel === 'lexical-384'
        ? lexicalEmbedder
        : openaiEmbedder({ client: openai, breaker: breakerOf('openai/embeddings'), rules, logger }),
  };
}

function tellTargets({ targets, embeddingModel }: GatewayConfig, logger: Logger): void {
  const chain = targets.chain.map(targetName);
  for (const target of targets.skipped)
    logger.warn({ target: targetName(target) }, 'configured, but its provider has no key: skipped');
  if (targets.substituted)
    logger.warn(
      { chain },
      'no configured model has a key: the default model of a provider that has one is used',
    );
  logger.info({ chain, embeddings: embeddingModel }, 'targets');
}

/** Bounds that never come first: our own timers are shorter, and the SDK's would not cover a stalled stream. */
const SDK_TIMEOUT_MS = 600_000;

/** Everything that the SDKs would otherwise take from the environment is given. */
const openaiClient = (config: GatewayConfig): OpenAI =>
  new OpenAI({
    apiKey: config.OPENAI_API_KEY ?? 'none',
    baseURL: config.OPENAI_BASE_URL,
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: SDK_TIMEOUT_MS,
    logLevel: 'off',
  });

const anthropicClient = (config: GatewayConfig): Anthropic =>
  new Anthropic({
    apiKey: config.ANTHROPIC_API_KEY ?? 'none',
    authToken: null,
    webhookKey: null,
    baseURL: config.ANTHROPIC_BASE_URL,
    maxRetries: 0,
    timeout: SDK_TIMEOUT_MS,
    logLevel: 'off',
    openTelemetry: false,
  });
