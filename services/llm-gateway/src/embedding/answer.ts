// The answer to an embedding query. A reply is one NATS message, so the number of texts at once is bounded by its size.
import type { EmbedRequest, EmbedResponse } from '@troupe/contracts';
import { TerminalError } from '@troupe/shared';
import { Timer } from '../timer.ts';
import type { Embedder } from './embedder.ts';

/** Of the server's 1 MiB, headers and the rest of the reply left out. */
const REPLY_BYTES = 900_000;
/** Vectors are made of 32-bit numbers: more digits than these say nothing. */
const DIGITS = 7;
/** Sign, point, zeros, digits, exponent and comma. */
const BYTES_PER_NUMBER = 14;

/** Bounds a query with all its retries: somebody waits for it. */
const BUDGET_MS = 15_000;

/** Throws TerminalError `too_many_texts`, or what the embedder throws. */
export async function answerEmbed(embedder: Embedder, { texts }: EmbedRequest): Promise<EmbedResponse> {
  const { model, dimensions } = embedder;
  const most = Math.floor(REPLY_BYTES / (dimensions * BYTES_PER_NUMBER));
  if (texts.length > most) {
    throw new TerminalError({
      code: 'too_many_texts',
      message: `${texts.length} vectors of ${model} do not fit into one reply.`,
      hint: `Ask for at most ${most} texts at once.`,
    });
  }
  using time = new Timer(BUDGET_MS);
  const vectors = await embedder.embed(texts, time);
  return { model, dimensions, vectors: vectors.map((vector) => vector.map(rounded)) };
}

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));
