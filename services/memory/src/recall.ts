// What a user's earlier runs left that bears on a query: asked for by a run through the log, by a tool over RPC.
import { setTimeout as pause } from 'node:timers/promises';
import type { SearchRequest, SearchResponse, UserId } from '@troupe/contracts';
import type { MemoryMetrics, Tracer } from '@troupe/shared';
import { RetryableError } from '@troupe/shared';
import { choose, tokensOf } from './choose.ts';
import type { Embed } from './embedder.ts';
import { memorySpan, storeSpan } from './spans.ts';
import type { Embedding, Found, MemoryStore } from './store.ts';

/** Bridges a server's restart, no more: a run waits for this answer and can do without it. */
const PAUSE_MS = 250;

/** What a prompt spends on memory, and how much of that is as good as all. */
const TOKENS = 2_000;
const SPENT = 0.9 * TOKENS;

/**
 * Below this similarity a memory has nothing to do with a query. Measured with lexical-384 (test/src/memory): it silences four in ten of
 * the questions that nothing answers and takes no answer away; from 0.25 on it does.
 */
const FLOOR = 0.2;

/**
 * How many more than asked for the store is asked for at first, and at most: equal texts of many runs are told once, and must not bury what
 * is behind them.
 */
const FIRST_LIMIT = { times: 4, least: 16 };
const WIDER = 8;
const WIDEST = 4_096;

/**
 * The k nearest above the floor, best first. Throws what the embedder and the store throw; each is tried twice. Throws RetryableError
 * `memory_unavailable`, too, when its time is up.
 */
export type Recall = (user: UserId, request: SearchRequest) => Promise<SearchResponse>;

export interface RecallDependencies {
  readonly embed: Embed;
  readonly store: Pick<MemoryStore, 'nearest'>;
  readonly tracer: Tracer;
  readonly metrics: Pick<MemoryMetrics, 'searched'>;
  /** Called for a user whose memory is not whole. */
  readonly onIncomplete: (user: UserId) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Bounds a whole recall. What it waited for then ends by itself: each call has its own bound. */
  readonly withinMs: number;
}

export const createRecall = (dependencies: RecallDependencies): Recall => {
  const { embed, tracer, metrics, onIncomplete, now, withinMs } = dependencies;
  return (user, request) =>
    tracer.span(
      () => memorySpan('search_memory'),
      async (span) => {
        const startedAt = performance.now();
        const find = async () => {
          const [asked] = await triedTwice(() => embed(user, [{ text: request.query }]));
          if (asked === undefined) return { snippets: [], unreadable: 0, rebuilding: false };
          return search(dependencies, {
            ...{ user, request, near: asked.embedding, widensUntil: startedAt + withinMs / 2 },
            choose: ({ memories }) =>
              choose(memories, { limit: request.k, floor: FLOOR, tokens: TOKENS, now: now() }),
          });
        };
        const { snippets, unreadable, rebuilding } = await within(withinMs, find());
        if (rebuilding) onIncomplete(user);
        span.set(() => ({ 'gen_ai.memory.record.count': snippets.length }));
        metrics.searched((performance.now() - startedAt) / 1_000, snippets.length);
        return {
          snippets,
          ...(unreadable === 0 ? {} : { unreadable }),
          ...(rebuilding ? { rebuilding } : {}),
        };
      },
    );
};

interface Search {
  readonly user: UserId;
  readonly request: SearchRequest;
  readonly near: Embedding;
  readonly choose: (found: Found) => SearchResponse['snippets'];
  readonly widensUntil: number;
}

/** Asks for more while what was found says the same again and again, and there may be something else behind it. */
async function search({ store, tracer }: RecallDependencies, search: Search) {
  const { user, request, near, choose, widensUntil } = search;
  const { k, workflow_id: workflow } = request;
  for (let limit = Math.max(FIRST_LIMIT.least, FIRST_LIMIT.times * k); ; limit *= WIDER) {
    const found = await triedTwice(() =>
      tracer.span(
        () => storeSpan('search', limit),
        () => store.nearest(user, near, { limit, workflow }),
      ),
    );
    const snippets = choose(found);
    const told = found.memories.length + found.unreadable;
    const isAll = told < limit || (found.memories.at(-1)?.score ?? 0) < FLOOR;
    const isEnough =
      snippets.length >= k || snippets.reduce((sum, snippet) => sum + tokensOf(snippet), 0) >= SPENT;
    if (isEnough || isAll || limit * WIDER > WIDEST || performance.now() > widensUntil)
      return { ...found, snippets };
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new RetryableError('memory_unavailable', `There was no answer within ${ms} ms.`)),
    ms,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
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
