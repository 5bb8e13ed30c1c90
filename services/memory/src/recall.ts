// What a user's earlier runs left that bears on a query: asked for by a run through the log, by a tool over RPC.
import { setTimeout as pause } from 'node:timers/promises';
import type { MemorySnippet, UserId } from '@troupe/contracts';
import type { Tracer } from '@troupe/shared';
import { RetryableError } from '@troupe/shared';
import type { Embed } from './embedder.ts';
import { memorySpan, storeSpan } from './spans.ts';
import type { MemoryStore } from './store.ts';

/** Bridges a server's restart, no more: a run waits for this answer and can do without it. */
const PAUSE_MS = 250;

/** The k nearest, best first. Throws what the embedder and the store throw; each is tried twice. */
export type Recall = (user: UserId, query: string, k: number) => Promise<MemorySnippet[]>;

export const createRecall =
  ({ embed, store, tracer }: RecallDependencies): Recall =>
  (user, query, k) =>
    tracer.span(
      () => memorySpan('search_memory'),
      async (span) => {
        const [asked] = await triedTwice(() => embed(user, [{ text: query }]));
        if (asked === undefined) return [];
        const found = await triedTwice(() =>
          tracer.span(
            () => storeSpan('search', k),
            () => store.nearest(user, asked.embedding, k),
          ),
        );
        span.set(() => ({ 'gen_ai.memory.record.count': found.length }));
        return found;
      },
    );

export interface RecallDependencies {
  readonly embed: Embed;
  readonly store: MemoryStore;
  readonly tracer: Tracer;
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
