// What a user's earlier runs left that bears on a query: asked for by a run through the log, by a tool over RPC.
import { setTimeout as pause } from 'node:timers/promises';
import type { SearchResponse, UserId } from '@troupe/contracts';
import type { Tracer } from '@troupe/shared';
import { RetryableError } from '@troupe/shared';
import { choose } from './choose.ts';
import type { Embed } from './embedder.ts';
import { memorySpan, storeSpan } from './spans.ts';
import type { MemoryStore } from './store.ts';

/** Bridges a server's restart, no more: a run waits for this answer and can do without it. */
const PAUSE_MS = 250;

/** What a prompt spends on memory. */
const TOKENS = 2_000;

/**
 * Below this similarity a memory has nothing to do with a query. Measured with lexical-384 (test/src/memory): it silences four in ten of
 * the questions that nothing answers and takes no answer away; from 0.25 on it does.
 */
const FLOOR = 0.2;

/** The k nearest above the floor, best first. Throws what the embedder and the store throw; each is tried twice. */
export type Recall = (user: UserId, query: string, k: number) => Promise<SearchResponse>;

export const createRecall =
  ({ embed, store, tracer, now }: RecallDependencies): Recall =>
  (user, query, k) =>
    tracer.span(
      () => memorySpan('search_memory'),
      async (span) => {
        const [asked] = await triedTwice(() => embed(user, [{ text: query }]));
        if (asked === undefined) return { snippets: [] };
        const { embedding } = asked;
        // Twice as many, to have others in the place of what is collapsed or too long.
        const { memories, unreadable } = await triedTwice(() =>
          tracer.span(
            () => storeSpan('search', 2 * k),
            () => store.nearest(user, embedding, 2 * k),
          ),
        );
        const snippets = choose(memories, { limit: k, floor: FLOOR, tokens: TOKENS, now: now() });
        span.set(() => ({ 'gen_ai.memory.record.count': snippets.length }));
        return unreadable === 0 ? { snippets } : { snippets, unreadable };
      },
    );

export interface RecallDependencies {
  readonly embed: Embed;
  readonly store: MemoryStore;
  readonly tracer: Tracer;
  /** Milliseconds since 1970. */
  readonly now: () => number;
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
