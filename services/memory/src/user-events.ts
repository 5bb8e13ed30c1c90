// The events of one user that may leave a memory, as the log has them: all of them, those behind one, and how far the projection is with
// them. Reads only, and by literal subjects where there may be many: a filter with wildcards would have the server search the stream.
import type { RawMessage, UserId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { DirectReader, LOG_STREAM, RetryableError } from '@troupe/shared';
import { mayLeaveMemory } from './memory-in.ts';

export const PROJECTION = 'memory-projection';

const TYPES = ['workflow.completed', 'tool.completed'];
/** Subjects that are read at once, and handed on together. */
const SUBJECTS_AT_ONCE = 32;

/** Throw RetryableError `stream_unreadable`. */
export interface UserEvents {
  /** Every event up to this sequence, of whatever user, is in the store or leaves nothing. */
  acked(): Promise<number>;
  /** The last sequence of the log. */
  end(): Promise<number>;
  /** Whether an event behind `after` up to `upTo` leaves a memory. */
  missed(user: UserId, after: number, upTo: number): Promise<boolean>;
  /** Where the user's events are, and how many. */
  places(user: UserId): Promise<ReadonlyMap<string, number>>;
  /** All events at these places, some at a time. */
  at(places: readonly string[]): AsyncGenerator<RawMessage[]>;
  /** Those behind `after`, for when there are few. */
  behind(user: UserId, after: number): AsyncGenerator<RawMessage[]>;
}

export function openUserEvents({ connection }: Pick<Kernel, 'connection'>): UserEvents {
  const direct = new DirectReader(connection, LOG_STREAM);
  const managing = async () => connection.jetstreamManager({ checkAPI: false });

  async function* behind(user: UserId, after: number): AsyncGenerator<RawMessage[]> {
    for (const filter of filtersOf(user)) yield* direct.pagesAt(filter, after + 1);
  }

  return {
    behind,
    acked: () =>
      told(async () => {
        const { consumers } = await managing();
        return (await consumers.info(LOG_STREAM, PROJECTION)).ack_floor.stream_seq;
      }),
    end: () =>
      told(async () => {
        const { streams } = await managing();
        return (await streams.info(LOG_STREAM)).state.last_seq;
      }),
    async missed(user, after, upTo) {
      const newest = await Promise.all(filtersOf(user).map((filter) => direct.last(filter)));
      if (newest.every((event) => event === undefined || event.seq <= after)) return false;
      if (newest.some((event) => event !== undefined && isMissed(event, after, upTo))) return true;
      for await (const events of behind(user, after)) {
        if (events.some((event) => isMissed(event, after, upTo))) return true;
      }
      return false;
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
      for (let i = 0; i < places.length; i += SUBJECTS_AT_ONCE) {
        const some = places.slice(i, i + SUBJECTS_AT_ONCE);
        yield (await Promise.all(some.map((place) => direct.allAt(place)))).flat();
      }
    },
  };
}

const filtersOf = (user: UserId): string[] => TYPES.map((type) => `agents.${type}.*.${user}.*`);

const isMissed = (event: RawMessage, after: number, upTo: number): boolean =>
  event.seq > after && event.seq <= upTo && mayLeaveMemory(event);

async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new RetryableError('stream_unreadable', 'The server does not tell how far the log is.', { cause });
  }
}
