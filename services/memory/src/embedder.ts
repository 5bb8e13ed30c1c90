// Texts into vectors, by llm-gateway over RPC: providers and their keys are its business alone.
import type { UserId } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { callRpc, RetryableError, TerminalError } from '@troupe/shared';
import type { Embedding } from './store.ts';

/** Adds to each its embedding. Throws TerminalError where the model refuses a text, and RetryableError for everything else. */
export type Embed = <Item extends { readonly text: string }>(
  user: UserId,
  items: readonly Item[],
) => Promise<(Item & { readonly embedding: Embedding })[]>;

/** The vectors of more texts might not fit in one message of the server (1 MB): some models' have 3,072 numbers. */
export const MOST_TEXTS = 8;

/** As the gateway says that the model takes no such text. */
const REFUSED = 'embeddings_rejected';

export const createEmbedder =
  ({ connection }: Pick<Kernel, 'connection'>, timeoutMs: number): Embed =>
  async (user, items) => {
    const request = { texts: items.map(({ text }) => text) };
    const { model, dimensions, vectors } = await callRpc(connection, rpc.embed, {
      user,
      request,
      timeoutMs,
    }).catch(unlessRefused);
    return items.map((item, i) => {
      const vector = vectors[i];
      if (vector?.length !== dimensions) throw malformed(model);
      return { ...item, embedding: { model, vector } };
    });
  };

/** What else the gateway does not answer, however often it is asked, is a fault of a service, and no reason to forget a text. */
function unlessRefused(error: unknown): never {
  if (!(error instanceof TerminalError) || error.failure.code === REFUSED) throw error;
  throw new RetryableError(error.failure.code, error.message, { cause: error });
}

const malformed = (model: string): RetryableError =>
  new RetryableError(
    'embedding_malformed',
    `${model} did not answer every text with a vector of the length that it names.`,
  );
