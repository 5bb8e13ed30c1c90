// The events of one user that may leave a memory, as the log has them: all of them, those behind one and what they left, and how far the
// projection is. Reads only, and by literal subjects where there may be many: a filter with wildcards would have the server search the stream.
import type { RawMessage, UserId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { DirectReader, LOG_STREAM, RetryableError, TerminalError } from '@troupe/shared';
import type { MemoryIn } from './memory-in.ts';
import { createMemoryIn, mayLeaveMemory } from './memory-in.ts';
import type { Memory } from './store.ts';

export const PROJECTION = 'memory-projection';

const TYPES = ['workflow.completed', 'tool.completed'];
/** Events whose texts are held at once. */
const EVENTS_AT_ONCE = 32;

/** Of all users. */
export interface Projected {
  /** Every event up to this sequence was acked. */
  readonly acked: number;
  /** The last that was delivered. */
  readonly delivered: number;
  /** How many of those between are not acked. */
  readonly pending: number;
}

/** What an event left. */
export interface Left {
  readonly seq: number;
  /** Undefined while it cannot be read. */
  readonly memories: readonly Memory[] | undefined;
}

/** Throw RetryableError `stream_unreadable`. */
export interface UserEvents {
  readonly memoryIn: MemoryIn;
  projected(): Promise<Projected>;
  /** The last sequence of the log. */
  end(): Promise<number>;
  /** Whether there is any event behind `after`, whatever it leaves. */
  any(user: UserId, after: number): Promise<boolean>;
  /** What was left behind `after` up to `upTo`, some at a time, for when there are few. */
  left(user: UserId, after: number, upTo: number): AsyncGenerator<readonly Left[]>;
  /** Where the user's events are, and how many. */
  places(user: UserId): Promise<ReadonlyMap<string, number>>;
  /** All events at these places, some at a time. */
  at(places: readonly string[]): AsyncGenerator<RawMessage[]>;
  /** Those behind `after`, for when there are few. */
  behind(user: UserId, after: number): AsyncGenerator<RawMessage[]>;
}

export function openUserEvents({
  connection,
  log,
  blobs,
}: Pick<Kernel, 'connection' | 'log' | 'blobs'>): UserEvents {
  const direct = new DirectReader(connection, LOG_STREAM);
  const memoryIn = createMemoryIn({ direct, log, blobs });
  const managing = async () => connection.jetstreamManager({ checkAPI: false });

  async function* behind(user: UserId, after: number): AsyncGenerator<RawMessage[]> {
    for (const filter of filtersOf(user)) yield* direct.pagesAt(filter, after + 1);
  }

  return {
    memoryIn,
    behind,
    projected: () =>
      told(async () => {
        const { consumers } = await managing();
        const { ack_floor, delivered, num_ack_pending } = await consumers.info(LOG_STREAM, PROJECTION);
        return { acked: ack_floor.stream_seq, delivered: delivered.stream_seq, pending: num_ack_pending };
      }),
    end: () =>
      told(async () => {
        const { streams } = await managing();
        return (await streams.info(LOG_STREAM)).state.last_seq;
      }),
    async any(user, after) {
      const newest = await Promise.all(filtersOf(user).map((filter) => direct.last(filter)));
      return newest.some((event) => event !== undefined && event.seq > after);
    },
    async *left(user, after, upTo) {
      // Behind a write `upTo` is near, and a backlog may stand behind it.
      const most = Math.min(EVENTS_AT_ONCE, upTo - after);
      if (most <= 0) return;
      for (const filter of filtersOf(user)) {
        for await (const page of direct.pagesAt(filter, after + 1, most)) {
          const events = page.filter((event) => event.seq <= upTo && mayLeaveMemory(event));
          if (events.length > 0) yield Promise.all(events.map((event) => leftBy(memoryIn, event)));
          if ((page.at(-1)?.seq ?? 0) >= upTo) break;
        }
      }
    },
    places: (user) =>
      told(async () => {
        const { streams } = await managing();
        const found = filtersOf(user).map(async (subjects_filter) => {
          const { state } = await streams.info(LOG_STREAM, { subjects_filter });
          return Object.entries(state.subjects ?? {});
        });
        return new Map((await Promise.all(found)).flat());
      }),
    async *at(places) {
      const some: RawMessage[] = [];
      for (const place of places) {
        for await (const page of direct.pagesAt(place)) {
          some.push(...page);
          while (some.length >= EVENTS_AT_ONCE) yield some.splice(0, EVENTS_AT_ONCE);
        }
      }
      if (some.length > 0) yield some;
    },
  };
}

const filtersOf = (user: UserId): string[] => TYPES.map((type) => `agents.${type}.*.${user}.*`);

async function leftBy(memoryIn: MemoryIn, event: RawMessage): Promise<Left> {
  try {
    return { seq: event.seq, memories: (await memoryIn(event))?.memories ?? [] };
  } catch (error) {
    if (error instanceof TerminalError) return { seq: event.seq, memories: [] };
    if (error instanceof RetryableError) return { seq: event.seq, memories: undefined };
    throw error;
  }
}

async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new RetryableError('stream_unreadable', 'The server does not tell how far the log is.', { cause });
  }
}
