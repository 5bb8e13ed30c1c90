// The gateway put together from its settings and its parts: clients, the chain of targets, the embedder.
import type { Logger } from '@troupe/shared';
import type { Accounts } from './accounting/accounts.ts';
import type { ReadyTarget } from './answer-from.ts';
import type { CallRules } from './call-target.ts';
import type { Circuits } from './circuit/circuit.ts';
import type { Complete, CompleteOptions } from './complete.ts';
import { createComplete } from './complete.ts';
import type { GatewayConfig } from './config.ts';
import type { Embedder } from './embedding/embedder.ts';
import { lexicalEmbedder } from './embedding/lexical.ts';
import { openaiEmbedder } from './embedding/openai.ts';
import type { ModelRequest, Provider } from './generation.ts';
import type { Keys } from './keys/keys.ts';
import type { Admission } from './load/admission.ts';
import type { Observers } from './observe-call.ts';
import type { OutputRules } from './output/check.ts';
import { anthropicMessages } from './providers/anthropic-messages.ts';
import { anthropicClient, openaiClient } from './providers/clients.ts';
import { droppable } from './providers/downgrade.ts';
import type { ProviderHttp } from './providers/http.ts';
import { providerHttp } from './providers/http.ts';
import { openaiChat } from './providers/openai-chat.ts';
import { openaiResponses } from './providers/openai-responses.ts';
import type { ProviderName } from './rules/models.ts';
import { isReasoning, limitsOf } from './rules/models.ts';
import { RetryBudget } from './rules/retry-budget.ts';
import type { Target } from './rules/targets.ts';
import { targetName } from './rules/targets.ts';
import type { Times } from './rules/times.ts';
import { fit } from './rules/window.ts';

export interface Gateway extends AsyncDisposable {
  readonly complete: Complete;
  readonly embedder: Embedder;
}

/** What calls share with each other, and with other gateways. */
export interface GatewayParts {
  readonly circuits: Circuits;
  readonly keys: Readonly<Record<ProviderName, Keys>>;
  readonly admission: Admission;
  readonly accounts: Accounts;
  readonly output: OutputRules;
  /** Input tokens that a request is expected to use. */
  readonly inputTokens: (request: ModelRequest) => number;
}

/** How much longer a model may be silent that thinks before it speaks. */
const THINKING = 12;

const monotonic = (): number => performance.now();

export function createGateway(
  config: GatewayConfig,
  parts: GatewayParts,
  { logger, ...observers }: Observers & { readonly logger: Logger },
  times: Times,
): Gateway {
  tellTargets(config, logger);
  const rules: CallRules = {
    retry: {
      maxRetries: config.AGENT_HTTP_MAX_RETRIES,
      baseMs: config.AGENT_HTTP_BASE_BACKOFF_SECONDS * 1_000,
      maxMs: times.maxBackoff,
    },
    random: Math.random,
  };
  const silence = config.AGENT_LLM_TIMEOUT_SECONDS * 1_000;
  const httpFor = (connections: number): ProviderHttp =>
    providerHttp({ connections, connectTimeoutMs: times.connect });
  const { AGENT_LLM_CONCURRENCY: atOnce } = config;
  // What the queues let through is never kept waiting for a socket: there are enough for all targets of one provider.
  const http = httpFor(atOnce * config.targets.chain.length);
  // Embeddings do not queue: with sockets of their own a flood of them takes none from model calls.
  const embeddingsHttp = httpFor(atOnce);
  const openai = openaiClient({ baseURL: config.OPENAI_BASE_URL, http });
  const clients: Readonly<Record<ProviderName, Provider>> = {
    openai: config.OPENAI_API === 'chat' ? openaiChat(openai) : openaiResponses(openai),
    anthropic: anthropicMessages(anthropicClient({ baseURL: config.ANTHROPIC_BASE_URL, http })),
  };
  const limitsFor = (thinks: boolean): ReadyTarget['limits'] => ({
    firstByte: silence,
    firstContent: thinks ? THINKING * silence : silence,
    idle: silence,
    endOfStream: times.endOfStream,
  });
  const ready = ({ provider, model }: Target): ReadyTarget => ({
    provider,
    model,
    client: clients[provider],
    circuit: parts.circuits.of(targetName({ provider, model })),
    keys: parts.keys[provider],
    retries: new RetryBudget(times.retryWindow, monotonic),
    limits: limitsFor(isReasoning(model)),
    contextTokens: limitsOf(model)?.contextTokens,
    maxOutputTokens: limitsOf(model)?.maxOutputTokens,
  });
  return {
    complete: createComplete({
      ...parts,
      chain: config.targets.chain.map(ready),
      rules,
      times,
      tokensOf: (request) => parts.inputTokens(request) + request.maxTokens,
      droppable,
      fit: fitInto(parts.inputTokens),
      observers,
      onOverhead: (seconds) => observers.gatewayMetrics.overhead(seconds),
      monotonic,
      now: Date.now,
    }),
    embedder:
      config.embeddingModel === 'lexical-384'
        ? lexicalEmbedder
        : openaiEmbedder({
            client: openaiClient({ baseURL: config.OPENAI_BASE_URL, http: embeddingsHttp }),
            circuit: parts.circuits.of('openai/embeddings'),
            keys: parts.keys.openai,
            retries: new RetryBudget(times.retryWindow, monotonic),
            rules,
            limits: limitsFor(false),
            logger,
          }),
    async [Symbol.asyncDispose]() {
      for (const opened of [http, embeddingsHttp]) await opened[Symbol.asyncDispose]();
    },
  };
}

/** What does not fit into a context that is known gives way; of a model that is not known nothing is assumed. */
const fitInto =
  (inputTokens: GatewayParts['inputTokens']): CompleteOptions['fit'] =>
  (request, { contextTokens, maxOutputTokens = Infinity }) => {
    if (contextTokens === undefined) return { request, leftOut: undefined };
    // No model puts out more than it can, whatever it is asked for.
    const capped = { ...request, maxTokens: Math.min(request.maxTokens, maxOutputTokens) };
    return fit(capped, { contextTokens, inputTokens });
  };

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
