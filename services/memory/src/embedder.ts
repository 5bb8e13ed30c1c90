// Texts into vectors, by llm-gateway over RPC: providers and their keys are its business alone.
import type { UserId } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { callRpc, TerminalError } from '@troupe/shared';
import type { Embedding } from './store.ts';

/** Adds to each its embedding. Throws RetryableError (no answer in time, the provider is away) or TerminalError (refused). */
export type Embed = <Item extends { readonly text: string }>(
  user: UserId,
  items: readonly Item[],
) => Promise<(Item & { readonly embedding: Embedding })[]>;

/** The vectors of more texts might not fit in one message of the server (1 MB): some models' have 3,072 numbers. */
export const MOST_TEXTS = 8;

export const createEmbedder =
  ({ connection }: Pick<Kernel, 'connection'>, timeoutMs: number): Embed =>
  async (user, items) => {
    const request = { texts: items.map(({ text }) => text) };
    const { model, dimensions, vectors } = await callRpc(connection, rpc.embed, { user, request, timeoutMs });
    return items.map((item, i) => {
      const vector = vectors[i];
      if (vector?.length !== dimensions) throw malformed(model);
      return { ...item, embedding: { model, vector } };
    });
  };

const malformed = (model: string): TerminalError =>
  new TerminalError({
    code: 'embedding_malformed',
    message: `${model} did not answer every text with a vector of the length that it names.`,
    hint: 'Check the embedding model of llm-gateway.',
  });
