// What is told of every attempt at a model turn: one count, one duration, its cost, one span. Of a query for vectors a
// span is told, and nothing is counted. Never what was asked or answered.
import type { GatewayMetrics, LlmCallStatus, Metrics, SpanDescription, Tracer } from '@troupe/shared';
import type { Charge } from './accounting/accounts.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptKind } from './call-identity.ts';
import type { ModelAnswer, ModelRequest } from './generation.ts';
import type { FaultClass } from './rules/classify.ts';
import { classify } from './rules/classify.ts';
import type { Target } from './rules/targets.ts';

export interface Observers {
  readonly metrics: Metrics;
  readonly gatewayMetrics: GatewayMetrics;
  readonly tracer: Tracer;
}

export interface ObservedAttempt {
  readonly target: Target;
  readonly request: ModelRequest;
  readonly kind: AttemptKind;
  /** The first digits of the key's hash. */
  readonly keyId: string;
  /** Counted over the whole call, from 1. */
  readonly attempt: number;
}

export interface Tell {
  ended(result: Attempt<ModelAnswer>, seconds: number): void;
  charged(charge: Charge): void;
}

/** Faults of an answer that had begun. */
const BROKEN: ReadonlySet<FaultClass> = new Set(['stalled', 'cut', 'malformed']);

/** Does `work`, which tells of its attempt, in a span. */
export function observeAttempt<T>(
  { metrics, gatewayMetrics, tracer }: Observers,
  about: ObservedAttempt,
  work: (tell: Tell) => Promise<T>,
): Promise<T> {
  const { provider, model } = about.target;
  return tracer.span(
    () => chatSpan(about),
    (span) =>
      work({
        ended(result, seconds) {
          const status = statusOf(result);
          const errorClass = errorClassOf(result);
          metrics.llmCall({ provider, model, status, seconds });
          gatewayMetrics.attempt({ provider, model, kind: about.kind, errorClass: errorClass ?? 'none' });
          if (errorClass !== undefined) span.fail(errorClass);
          if (result.kind === 'failed' && BROKEN.has(classify(result.fault)))
            gatewayMetrics.streamRestarted(provider, model);
          if (result.kind !== 'answered') return;
          const { usage, finishRaw } = result.value;
          metrics.llmTokens(usage);
          span.set(() => ({
            'gen_ai.response.finish_reasons': [finishRaw],
            'gen_ai.usage.input_tokens': usage.input_tokens,
            'gen_ai.usage.output_tokens': usage.output_tokens,
            'gen_ai.usage.cache_read.input_tokens': usage.cached_input_tokens,
            'gen_ai.usage.cache_write.input_tokens': usage.cache_write_tokens,
            'gen_ai.usage.reasoning.output_tokens': usage.reasoning_tokens,
          }));
        },
        charged({ costNanoUsd }) {
          if (costNanoUsd === null) return;
          gatewayMetrics.cost(provider, model, costNanoUsd);
          span.set(() => ({ 'agents.llm.cost_nano_usd': costNanoUsd }));
        },
      }),
  );
}

const chatSpan = ({ target, request, kind, keyId, attempt }: ObservedAttempt): SpanDescription => ({
  name: `chat ${target.model}`,
  kind: 'client',
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': target.provider,
    'gen_ai.request.model': target.model,
    'gen_ai.request.max_tokens': request.maxTokens,
    'gen_ai.output.type': request.outputSchema === undefined ? 'text' : 'json',
    'agents.llm.attempt': attempt,
    'agents.llm.attempt.kind': kind,
    'agents.llm.key.id': keyId,
  },
});

function statusOf(result: Attempt<unknown>): LlmCallStatus {
  switch (result.kind) {
    case 'answered':
      return 'ok';
    case 'failed':
      if (result.fault.kind === 'timeout') return 'timeout';
      return classify(result.fault) === 'rate_limited' ? 'rate_limited' : 'error';
    case 'abandoned':
      return 'cancelled';
  }
}

function errorClassOf(result: Attempt<unknown>): FaultClass | 'cancelled' | undefined {
  switch (result.kind) {
    case 'answered':
      return undefined;
    case 'failed':
      return classify(result.fault);
    case 'abandoned':
      return 'cancelled';
  }
}

/** A query for vectors; whoever makes them. */
export const embeddingsSpan = (model: string, texts: number): SpanDescription => ({
  name: `embeddings ${model}`,
  kind: 'client',
  attributes: {
    'gen_ai.operation.name': 'embeddings',
    'gen_ai.provider.name': model.startsWith('lexical') ? 'troupe' : 'openai',
    'gen_ai.request.model': model,
    'agents.embeddings.texts': texts,
  },
});
