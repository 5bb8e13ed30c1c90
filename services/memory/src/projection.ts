// Long-term memory as a projection of the log: what completed runs answered and what the tool `remember` was told becomes
// records of the store. It holds no state; deleting the store's data and reading the log again gives the same records.
//  P1  A delivery is acked when the store has all of its records, and not before.
//  P2  Nothing is given up because something is away: it is tried again until it succeeds. Only what no attempt can ever
//      succeed with (a broken contract, a refused text) becomes a dead letter. A wrong master key is an outage, too: nothing is sealed anew.
//  P3  The store knows a record by its run and its text, so what is delivered twice is stored once; and what was forgotten is not stored
//      again.
import type { UserId } from '@troupe/contracts';
import type { Actor, Delivery, Kernel } from '@troupe/shared';
import { ackWaitMsOf, LOG_STREAM, RetryableError, startActor, UNTIL_MENDED } from '@troupe/shared';
import type { Embed } from './embedder.ts';
import { MOST_TEXTS } from './embedder.ts';
import { gatherByKey } from './gather.ts';
import type { MemoryIn } from './memory-in.ts';
import { memorySpan, storeSpan, upsertSpan } from './spans.ts';
import type { Memory, MemoryRecord, MemoryStore } from './store.ts';
import { PROJECTION } from './user-events.ts';

/**
 * Chroma builds the index of a collection that it meets, one after the other: 100 users of 90 records written 16 at once took longer than any
 * timeout, and what was given up and tried again kept it from ever getting through; 4 at once were as fast and failed never.
 */
const USERS_AT_ONCE = 4;

/**
 * Events in hand at once, so that those of one user meet: after an outage, or in a burst of many users, his records are then written
 * together, and a write of a few takes Chroma as long as a write of one. Each is held in memory, a megabyte at most.
 */
const IN_HAND = 256;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

export interface ProjectionOptions {
  readonly kernel: Kernel;
  readonly memoryIn: MemoryIn;
  readonly store: Pick<MemoryStore, 'put' | 'check'>;
  readonly embed: Embed;
  /** Called for a user whose memory is not whole. */
  readonly onIncomplete: (user: UserId) => void;
  /** Told of what was written. */
  readonly onWritten: (memories: readonly Memory[]) => void;
  readonly onFatal: (error: Error) => void;
}

export function startProjection(options: ProjectionOptions): Actor {
  const { kernel, memoryIn, store, embed, onFatal } = options;
  const { tracer } = kernel;
  // Eight records of one user take Chroma little longer than one.
  const keep = gatherByKey(
    { most: MOST_TEXTS, keysAtOnce: USERS_AT_ONCE },
    (user: UserId, memories: readonly Memory[]) =>
      tracer.span(
        () => memorySpan('upsert_memory', memories.length),
        async () => {
          const records = await embed(user, memories);
          await tracer.span(
            () => storeSpan('upsert', records.length),
            () => write(user, records),
          );
          options.onWritten(memories);
        },
      ),
  );

  async function write(user: UserId, records: readonly MemoryRecord[]): Promise<void> {
    try {
      const { rebuilding } = await store.put(user, records);
      if (rebuilding) options.onIncomplete(user);
    } catch (error) {
      if (error instanceof RetryableError && error.code === 'memory_rebuilding') options.onIncomplete(user);
      throw error;
    }
  }

  async function project(delivery: Delivery): Promise<void> {
    const startedAt = Date.now();
    const found = await memoryIn(delivery);
    if (found === undefined) return;
    await tracer.span(
      () => upsertSpan(found.event, delivery, { consumer: PROJECTION, startedAt }),
      async () => {
        // Embedding costs money: an attempt that follows a failed one first sees whether the store is there at all.
        if (delivery.attempt > 1) await store.check();
        await Promise.all(found.memories.map((memory) => keep(found.event.user, memory)));
      },
    );
  }

  return startActor({
    connection: kernel.connection,
    stream: LOG_STREAM,
    consumer: PROJECTION,
    concurrency: IN_HAND,
    ackWaitMs: ackWaitMsOf(PROJECTION),
    maxAttempts: UNTIL_MENDED,
    deadLetters: kernel.deadLetters,
    suspects: kernel.suspects,
    logger: kernel.logger,
    metrics: kernel.metrics,
    onFatal,
    handle: (delivery) => project(delivery).catch((error: unknown) => retryLater(error, delivery.attempt)),
  });
}

/** An outage may last: the longer it does, the less often each delivery asks, and at its end none waits long. */
function retryLater(error: unknown, attempt: number): never {
  if (!(error instanceof RetryableError)) throw error;
  const retryAfterMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  throw new RetryableError(error.code, error.message, { retryAfterMs, cause: error });
}
