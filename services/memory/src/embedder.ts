// Texts into vectors, by llm-gateway over RPC: providers and their keys are its business alone.
import type { UserId } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { callRpc, TerminalError } from '@troupe/shared';
import type { Embedding } from './store.ts';

/** Throws RetryableError (nobody answered within the time, or the provider is away) or TerminalError (refused). */
export type Embed = (user: UserId, text: string) => Promise<Embedding>;

export const createEmbedder =
  ({ connection }: Pick<Kernel, 'connection'>, timeoutMs: number): Embed =>
  async (user, text) => {
    const { model, dimensions, vectors } = await callRpc(connection, rpc.embed, {
      user,
      request: { texts: [text] },
      timeoutMs,
    });
    const [vector] = vectors;
    if (vector !== undefined && vectors.length === 1 && vector.length === dimensions)
      return { model, vector };
    throw new TerminalError({
      code: 'embedding_malformed',
      message: `${model} answered one text with ${vectors.length} vectors of ${vector?.length ?? 0} numbers, not ${dimensions}.`,
      hint: 'Check the embedding model of llm-gateway.',
    });
  };
