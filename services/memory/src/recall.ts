// What a user's earlier runs left that bears on a query: asked for by a run through the log, by a tool over RPC.
import { setTimeout as pause } from 'node:timers/promises';
import type { MemorySnippet, UserId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import type { Embed } from './embedder.ts';
import type { MemoryStore } from './store.ts';

/** Bridges a server's restart, no more: a run waits for this answer and can do without it. */
const PAUSE_MS = 250;

/** Equal texts are shown once (a run repeated every day leaves the same text every day), so more than k are looked at. */
const LOOKED_AT_PER_SNIPPET = 4;

/** The k best, best first. Throws what the embedder and the store throw; each is tried twice. */
export type Recall = (user: UserId, query: string, k: number) => Promise<MemorySnippet[]>;

export const createRecall =
  ({ embed, store }: { readonly embed: Embed; readonly store: MemoryStore }): Recall =>
  async (user, query, k) => {
    const near = await triedTwice(() => embed(user, query));
    return bestOf(await triedTwice(() => store.nearest(user, near, k * LOOKED_AT_PER_SNIPPET)), k);
  };

/** Pure: the k best, of equal texts only the best, among equally good ones the newest. */
export function bestOf(found: readonly MemorySnippet[], k: number): MemorySnippet[] {
  const texts = new Set<string>();
  return found
    .toSorted((a, b) => b.score - a.score || b.created_at.localeCompare(a.created_at))
    .filter(({ text }) => !texts.has(text) && texts.add(text))
    .slice(0, k);
}

async function triedTwice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    await pause(PAUSE_MS);
    return work();
  }
}
