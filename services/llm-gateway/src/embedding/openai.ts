// Embeddings by OpenAI, under the same breaker, retries and timers as model calls.
import { RetryableError, TerminalError } from '@troupe/shared';
import type { Logger } from '@troupe/shared';
import type OpenAI from 'openai';
import { z } from 'zod';
import type { Breaker } from '../breaker.ts';
import type { Called, CallRules } from '../call-target.ts';
import { callTarget } from '../call-target.ts';
import { ProviderError } from '../providers/fault-of.ts';
import { VERDICTS } from '../rules/classify.ts';
import { batches } from './batches.ts';
import type { Embedder } from './embedder.ts';

const MODEL = 'text-embedding-3-small';
const DIMENSIONS = 1_536;

const Data = z.array(
  z.object({ index: z.int().nonnegative(), embedding: z.array(z.number()).length(DIMENSIONS) }),
);

type Time = Parameters<Embedder['embed']>[1];

export interface OpenAIEmbedderOptions {
  readonly client: OpenAI;
  readonly breaker: Breaker;
  readonly rules: CallRules;
  readonly logger: Logger;
}

/** `embed` throws RetryableError `embeddings_unavailable` or TerminalError `embeddings_rejected`. */
export function openaiEmbedder({ client, breaker, rules, logger }: OpenAIEmbedderOptions): Embedder {
  async function embedBatch(texts: readonly string[], time: Time): Promise<number[][]> {
    const called = await callTarget(
      {
        breaker,
        signal: time.signal,
        leftMs: () => time.leftMs,
        onFailure: (failed) => logger.warn({ target: `openai/${MODEL}`, ...failed }, 'provider call failed'),
        work: async (progress) => {
          const body = { model: MODEL, input: [...texts], dimensions: DIMENSIONS };
          const { data } = await client.embeddings.create(body, { signal: progress.signal });
          return inOrder(data, texts.length);
        },
      },
      rules,
    );
    if (called.kind === 'answered') return called.value;
    throw errorOf(called);
  }

  return {
    model: MODEL,
    dimensions: DIMENSIONS,
    async embed(texts, time) {
      const vectors: number[][] = [];
      for (const batch of batches(texts)) vectors.push(...(await embedBatch(batch, time)));
      return vectors;
    },
  };
}

/** The vectors by index: the order of the answer is not promised. Throws ProviderError unless there is one of each. */
function inOrder(data: unknown, count: number): number[][] {
  const parsed = Data.safeParse(data);
  if (!parsed.success) throw new ProviderError({ kind: 'malformed' });
  const byIndex = new Map(parsed.data.map(({ index, embedding }) => [index, embedding]));
  return Array.from({ length: count }, (_, index) => {
    const vector = byIndex.get(index);
    if (vector === undefined) throw new ProviderError({ kind: 'malformed' });
    return vector;
  });
}

function errorOf(called: Exclude<Called<unknown>, { kind: 'answered' }>): Error {
  const reason = called.kind === 'failed' ? called.reason : 'out_of_time';
  const tries = `${called.attempts} attempts`;
  if (reason === 'out_of_time' || reason === 'circuit_open' || VERDICTS[reason].fallback)
    return new RetryableError('embeddings_unavailable', `${MODEL}: ${reason} after ${tries}.`);
  return new TerminalError({
    code: 'embeddings_rejected',
    message: `${MODEL} rejected the texts: ${reason}.`,
    hint: 'Shorten the texts: the model takes at most 8,192 tokens of each.',
  });
}
