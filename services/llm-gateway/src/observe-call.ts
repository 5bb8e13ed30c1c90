// What is told of every model turn, each attempt at a provider for itself: one count, one duration, one span. Of a query for vectors a
// span is told, and nothing is counted. Never what was asked or answered.
import type { LlmCallStatus, Metrics, SpanDescription, Tracer } from '@troupe/shared';
import type { Attempt } from './attempt.ts';
import type { ModelAnswer, ModelRequest } from './generation.ts';
import { classify } from './rules/classify.ts';
import type { Target } from './rules/targets.ts';

export interface Observers {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

export interface ObservedTurn {
  readonly target: Target;
  readonly request: ModelRequest;
  /** Why an abandoned call was: the turn's time ran out, or whoever asked left. */
  readonly outOfTime: () => boolean;
}

/** Runs an attempt and tells of it. */
export type Observed<T> = (attempt: () => Promise<Attempt<T>>) => Promise<Attempt<T>>;

export function observeTurn({ metrics, tracer }: Observers, turn: ObservedTurn): Observed<ModelAnswer> {
  let attempts = 0;
  return (attempt) =>
    tracer.span(
      () => chatSpan(turn, ++attempts),
      async (span) => {
        const startedAt = performance.now();
        const result = await attempt();
        const status = statusOf(result, turn.outOfTime);
        metrics.llmCall({ ...turn.target, status, seconds: (performance.now() - startedAt) / 1_000 });
        switch (result.kind) {
          case 'answered': {
            const { usage, finishRaw } = result.value;
            metrics.llmTokens(usage);
            span.set(() => ({
              'gen_ai.response.finish_reasons': [finishRaw],
              'gen_ai.usage.input_tokens': usage.input_tokens,
              'gen_ai.usage.output_tokens': usage.output_tokens,
            }));
            break;
          }
          case 'failed':
            span.fail(classify(result.fault));
            break;
          case 'abandoned':
            span.fail(status);
        }
        return result;
      },
    );
}

const chatSpan = ({ target, request }: ObservedTurn, attempt: number): SpanDescription => ({
  name: `chat ${target.model}`,
  kind: 'client',
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': target.provider,
    'gen_ai.request.model': target.model,
    'gen_ai.request.max_tokens': request.maxTokens,
    'gen_ai.output.type': request.outputSchema === undefined ? 'text' : 'json',
    'agents.llm.attempt': attempt,
  },
});

function statusOf(result: Attempt<unknown>, outOfTime: () => boolean): LlmCallStatus {
  switch (result.kind) {
    case 'answered':
      return 'ok';
    case 'failed':
      if (result.fault.kind === 'timeout') return 'timeout';
      return classify(result.fault) === 'rate_limited' ? 'rate_limited' : 'error';
    case 'abandoned':
      return outOfTime() ? 'timeout' : 'cancelled';
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
