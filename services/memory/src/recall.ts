// What a user's earlier runs left that bears on a query: asked for by a run through the log, by a tool over RPC.
import { setTimeout as pause } from 'node:timers/promises';
import type { MemorySnippet, UserId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import type { Embed } from './embedder.ts';
import type { MemoryStore } from './store.ts';

/** Bridges a server's restart, no more: a run waits for this answer and can do without it. */
const PAUSE_MS = 250;

/** The k nearest, best first. Throws what the embedder and the store throw; each is tried twice. */
export type Recall = (user: UserId, query: string, k: number) => Promise<MemorySnippet[]>;

export const createRecall =
  ({ embed, store }: { readonly embed: Embed; readonly store: MemoryStore }): Recall =>
  async (user, query, k) => {
    const [asked] = await triedTwice(() => embed(user, [{ text: query }]));
    return asked === undefined ? [] : triedTwice(() => store.nearest(user, asked.embedding, k));
  };

async function triedTwice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    await pause(PAUSE_MS);
    return work();
  }
}
