// A rebuild of one user's memory from the log, as a job: everything that his runs left is there afterwards, once, and nothing else. It goes
// on beside the projection, which writes what is new; what it is doing twice does no harm.
import { randomUUID } from 'node:crypto';
import type { RawMessage, RebuildJob, UserId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { Renew, Renewal } from './chroma-rebuild.ts';
import type { Embed } from './embedder.ts';
import { MOST_TEXTS } from './embedder.ts';
import type { JobWork } from './jobs/jobs.ts';
import type { Embedding, Memory, MemoryRecord } from './store.ts';
import type { UserEvents } from './user-events.ts';

export interface RebuildOptions {
  readonly kernel: Pick<Kernel, 'logger'>;
  readonly events: UserEvents;
  readonly embed: Embed;
  readonly renew: Renew;
  /** The names of a user's records that are forgotten for good. */
  readonly forgotten: (user: UserId) => Promise<ReadonlySet<string>>;
  /** Told at each step, and with undefined at the end. */
  readonly onProgress: (user: UserId, events: RebuildJob['events'] | undefined) => void;
}

/** Any text says which model answers, but only one that was never asked for says which one answers now. What is there is dropped for it. */
async function embeddingNow(user: UserId, embed: Embed): Promise<Embedding> {
  const probe = async () => embed(user, [{ text: `memory ${randomUUID()}` }]);
  const [[first], [second]] = [await probe(), await probe()];
  if (first === undefined || first.embedding.model !== second?.embedding.model)
    throw notNow('Several embedding models answer');
  return first.embedding;
}

const notNow = (why: string): RetryableError =>
  new RetryableError('memory_rebuilding', `${why} while a memory was rebuilt: it begins again.`);

export const createRebuild =
  (options: RebuildOptions): JobWork<RebuildJob> =>
  async (user, job, { progress, signal }) => {
    const { events, embed, renew, forgotten, onProgress } = options;
    try {
      const embedding = await embeddingNow(user, embed);
      const from = await events.end();
      const renewal = await renew(user, embedding);
      const wanted = new Set<string>();
      const means = { ...options, user, renewal, wanted, but: await forgotten(user) };

      const places = await events.places(user);
      const total = [...places.values()].reduce((sum, count) => sum + count, 0);
      let projected = 0;
      for await (const some of events.at([...places.keys()])) {
        signal.throwIfAborted();
        await keepAll(some, means);
        projected = Math.min(total, projected + some.length);
        onProgress(user, { projected, total });
        await progress({ ...job, events: { projected, total } });
      }
      signal.throwIfAborted();
      await renewal.settle();
      // What came while that was read, also what the projection wrote where it is no more.
      const end = await events.end();
      for await (const some of events.behind(user, from)) await keepAll(some, means);
      signal.throwIfAborted();
      if ([...(await forgotten(user))].some((name) => wanted.has(name)))
        throw notNow('A record was forgotten');
      await renewal.finish(wanted, end);
    } finally {
      onProgress(user, undefined);
    }
  };

interface Means extends Pick<RebuildOptions, 'kernel' | 'embed' | 'events'> {
  readonly user: UserId;
  readonly renewal: Renewal;
  /** The names of the records that the log accounts for. */
  readonly wanted: Set<string>;
  readonly but: ReadonlySet<string>;
}

async function keepAll(raws: readonly RawMessage[], means: Means): Promise<void> {
  const { user, renewal, wanted, but } = means;
  const left = await Promise.all(raws.map((raw) => memoriesIn(raw, means)));
  const named = left.flat().map((memory) => [renewal.name(memory), memory] as const);
  const memories = new Map(named.filter(([name]) => !but.has(name)));
  const held = await renewal.held([...memories.keys()]);
  const missing = [...memories]
    .filter(([name]) => !held.has(name))
    .map(([name, memory]) => ({ ...memory, name }));
  const written: string[] = [];
  for (let i = 0; i < missing.length; i += MOST_TEXTS) {
    const records = await embedded(user, missing.slice(i, i + MOST_TEXTS), means);
    await renewal.put(records);
    written.push(...records.map(({ name }) => name));
  }
  for (const name of [...held, ...written]) wanted.add(name);
}

/** What an event left; nothing for one that became a dead letter when it was projected. */
async function memoriesIn(raw: RawMessage, { kernel, events }: Means): Promise<readonly Memory[]> {
  try {
    return (await events.memoryIn(raw))?.memories ?? [];
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    kernel.logger.warn({ err: error, seq: raw.seq }, 'an event leaves no memory: it cannot be read');
    return [];
  }
}

/** What the model refuses together it is asked for one by one, so that a refused text is missing alone. */
async function embedded<Item extends Memory>(
  user: UserId,
  items: readonly Item[],
  means: Means,
): Promise<(Item & MemoryRecord)[]> {
  try {
    return await means.embed(user, items);
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    if (items.length > 1)
      return (await Promise.all(items.map((item) => embedded(user, [item], means)))).flat();
    means.kernel.logger.warn({ err: error }, 'a text is not remembered: the embedding model refuses it');
    return [];
  }
}
