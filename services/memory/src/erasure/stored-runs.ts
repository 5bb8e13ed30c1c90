// The runs of a user as their logs stand, also where an erasure was interrupted and part of a log is gone: read as raw messages, since
// nothing of them may have to be understood to be erased.
import type { RawMessage, UserId, WorkflowId, WorkflowKey } from '@troupe/contracts';
import { isTerminal, parseLogSubject, workflowFilter } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { DOOR_STREAM, LOG_STREAM, RetryableError, streamId } from '@troupe/shared';
import type { Bounds } from '../jobs/jobs.ts';
import type { Streams } from './streams.ts';

/** All throw RetryableError `stream_unreadable`. */
export interface StoredRuns {
  /** The user's runs of which anything is stored, or the one that is named: those that belong to what was, and those behind the bounds. */
  of(user: UserId, bounds: Bounds, workflow?: WorkflowId): Promise<Runs>;
  /** What is left of a run's log, oldest first. */
  events(key: WorkflowKey): Promise<RawMessage[]>;
  /** Whether the log has a terminal event, or nothing at all. */
  isEnded(key: WorkflowKey): Promise<boolean>;
  /** The sequence at the door of the message that caused an event; undefined where something else did. */
  causedAtDoor(event: RawMessage): Promise<number | undefined>;
}

export interface Runs {
  readonly earlier: readonly WorkflowId[];
  readonly later: readonly WorkflowId[];
}

export function openStoredRuns(connection: Kernel['connection'], streams: Streams): StoredRuns {
  const log = streams.reader(LOG_STREAM);
  let door: Promise<string> | undefined;

  const doorId = (): Promise<string> =>
    streamId(connection, DOOR_STREAM).catch((cause: unknown) => {
      door = undefined;
      throw new RetryableError('stream_unreadable', 'The stream of the door could not be read.', { cause });
    });

  async function causedAtDoor(event: RawMessage): Promise<number | undefined> {
    const name = await (door ??= doorId());
    const cause = event.header('ce-causationid') ?? '';
    return cause.startsWith(`${name}/`) ? Number(cause.slice(name.length + 1)) : undefined;
  }

  /** Whether a run was asked for before the bounds; what begins in its midst is what an erasure left of it. */
  async function isEarlier(first: RawMessage, bounds: Bounds): Promise<boolean> {
    if (Number(first.header('ce-sequence')) > 1 || first.seq <= (bounds[LOG_STREAM] ?? 0)) return true;
    return ((await causedAtDoor(first)) ?? Number.POSITIVE_INFINITY) <= (bounds[DOOR_STREAM] ?? 0);
  }

  return {
    async of(user, bounds, named) {
      const subjects = await streams.subjects(LOG_STREAM, `agents.*.*.*.${user}.${named ?? '*'}`);
      const earlier: WorkflowId[] = [];
      const later: WorkflowId[] = [];
      for (const workflow of new Set(
        subjects.flatMap((subject) => parseLogSubject(subject)?.workflow ?? []),
      )) {
        const first = await log.first(workflowFilter({ user, workflow }));
        if (first !== undefined) ((await isEarlier(first, bounds)) ? earlier : later).push(workflow);
      }
      return { earlier, later };
    },
    async events(key) {
      const newest = await log.lastOfEach(workflowFilter(key));
      const perSubject = await Promise.all(newest.map(({ subject }) => log.allAt(subject)));
      return perSubject.flat().sort((a, b) => a.seq - b.seq);
    },
    async isEnded(key) {
      const newest = await log.lastOfEach(workflowFilter(key));
      return newest.length === 0 || newest.some(isEnd);
    },
    causedAtDoor,
  };
}

export const isEnd = ({ subject }: RawMessage): boolean => isTerminal(parseLogSubject(subject)?.type ?? '');
