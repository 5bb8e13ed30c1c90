// Embeddings by OpenAI or a compatible server, under the same circuit breakers, keys, retries and timers as model calls. Model and
// length of the vectors are fixed: what was stored is compared with them, so another model is never asked, and never believed.
import { RetryableError, TerminalError } from '@troupe/shared';
import type { Logger } from '@troupe/shared';
import type OpenAI from 'openai';
import { z } from 'zod';
import type { AttemptLimits } from '../attempt.ts';
import { attempt } from '../attempt.ts';
import type { Called, CallRules, Course, TargetCall } from '../call-target.ts';
import { callTarget, newCourse } from '../call-target.ts';
import type { Admitted } from '../load/admission.ts';
import { callOptions } from '../providers/clients.ts';
import { ProviderError } from '../providers/fault-of.ts';
import { VERDICTS } from '../rules/classify.ts';
import { batches, OPENAI_BATCH } from './batches.ts';
import type { Embedder } from './embedder.ts';

const MODEL = 'text-embedding-3-small';
const DIMENSIONS = 1_536;

const Answer = z.object({
  model: z.literal(MODEL),
  data: z.array(
    z.object({ index: z.int().nonnegative(), embedding: z.array(z.number()).length(DIMENSIONS) }),
  ),
});

/** Provider calls for one batch. */
const MAX_ATTEMPTS = 8;

type Time = Parameters<Embedder['embed']>[1];

export interface OpenAIEmbedderOptions extends Pick<TargetCall<unknown>, 'circuit' | 'keys' | 'retries'> {
  readonly client: OpenAI;
  readonly rules: CallRules;
  readonly limits: Omit<AttemptLimits, 'total'>;
  readonly logger: Logger;
}

/** Embeddings are short and few: they do not queue. */
const AT_ONCE: Admitted = { kind: 'admitted', turn: { done: () => undefined } };

/** `embed` throws RetryableError `embeddings_unavailable` or TerminalError `embeddings_rejected`. */
export function openaiEmbedder(options: OpenAIEmbedderOptions): Embedder {
  const { client, circuit, keys, retries, rules, limits, logger } = options;

  const askFor = (texts: readonly string[], time: Time, secret: string) =>
    attempt(
      async (progress) => {
        const body = { model: MODEL, input: [...texts], dimensions: DIMENSIONS };
        const answer = await client.embeddings
          .create(body, callOptions({ key: secret, progress }))
          .catch(throwAsFault);
        return vectorsIn(answer, texts.length);
      },
      { limits: { ...limits, total: time.leftMs }, signal: time.signal },
    );

  /** Asked again by itself: what the batches before it brought is kept. */
  async function embedBatch(texts: readonly string[], time: Time): Promise<number[][]> {
    const course = newCourse();
    retries.requested();
    const call: TargetCall<number[][]> = {
      ...{
        circuit,
        keys,
        retries,
        isLastWay: true,
        course,
        model: MODEL,
        affinity: MODEL,
        kind: 'first',
        signal: time.signal,
      },
      enter: () => Promise.resolve(AT_ONCE),
      ask: (key) => askFor(texts, time, key.secret),
      usedTokens: () => undefined,
      longestWaitMs: () => time.leftMs,
      mayAsk: () => course.attempts < MAX_ATTEMPTS,
      onFailure: (failed) => logger.warn({ target: `openai/${MODEL}`, ...failed }, 'provider call failed'),
    };
    const called = await callTarget<number[][]>(call, rules).catch((error: unknown) => {
      if (time.signal.aborted) throw unavailable('out_of_time', course.attempts);
      throw error;
    });
    if (called.kind === 'answered') return called.value;
    throw errorOf(called, course);
  }

  return {
    model: MODEL,
    dimensions: DIMENSIONS,
    async embed(texts, time) {
      const vectors: number[][] = [];
      for (const batch of batches(texts, OPENAI_BATCH)) vectors.push(...(await embedBatch(batch, time)));
      return vectors;
    },
  };
}

/** The SDK decodes what it is handed without looking at it, and fails where that is no answer. */
function throwAsFault(error: unknown): never {
  if (error instanceof TypeError || error instanceof RangeError)
    throw new ProviderError({ kind: 'malformed' });
  throw error;
}

/** By index, since the order of the answer is not promised. Throws ProviderError unless it is the model's, and one for each text. */
function vectorsIn(answer: unknown, count: number): number[][] {
  const parsed = Answer.safeParse(answer);
  if (!parsed.success) throw new ProviderError({ kind: 'malformed' });
  const byIndex = new Map(parsed.data.data.map(({ index, embedding }) => [index, embedding]));
  return Array.from({ length: count }, (_, index) => {
    const vector = byIndex.get(index);
    if (vector === undefined) throw new ProviderError({ kind: 'malformed' });
    return vector;
  });
}

function errorOf(called: Exclude<Called<unknown>, { kind: 'answered' }>, { first, attempts }: Course): Error {
  switch (called.kind) {
    case 'skipped':
      return unavailable(first?.reason ?? called.why, attempts);
    case 'failed':
      if (VERDICTS[called.reason].fallback === 'any') return unavailable(called.reason, attempts);
      return new TerminalError({
        code: 'embeddings_rejected',
        message: `${MODEL} rejected the texts: ${called.reason}.`,
        hint: 'Shorten the texts: the model takes at most 8,192 tokens of each.',
      });
    case 'refused':
      return called.refusal;
  }
}

const unavailable = (reason: string, attempts: number): RetryableError =>
  new RetryableError('embeddings_unavailable', `${MODEL}: ${reason} after ${attempts} attempts.`);
