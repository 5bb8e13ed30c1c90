// The jobs in their bucket: `open.<user>.<id>` while there is something to do, so that a look at what is open reads no more than that;
// then `done.<user>.<id>`, of which a user keeps the last few. An open entry is changed by compare-and-set.
import { z } from 'zod';
import { MemoryJob, UserId } from '@troupe/contracts';
import type { Entries, Kernel } from '@troupe/shared';
import { MEMORY_JOBS_BUCKET, RetryableError, subjectsOf } from '@troupe/shared';
import { parseJson } from '../erasure/parse-json.ts';
import type { Bounds } from './jobs.ts';

const PUT_TIMEOUT_MS = 2_000;
/** Done jobs of a user that are kept to be told of. */
const KEPT = 20;

const Stored = z.object({ job: MemoryJob, bounds: z.record(z.string(), z.int().nonnegative()) });

export interface OpenJob {
  readonly user: UserId;
  readonly job: MemoryJob;
  readonly bounds: Bounds;
  readonly revision: number;
}

/** All throw RetryableError `memory_jobs_unavailable` or `stream_unreadable`. */
export interface JobEntries {
  /** Users who have open jobs. */
  users(): Promise<UserId[]>;
  /** In the order in which they are to be done. */
  open(user: UserId): Promise<OpenJob[]>;
  /** The newest first. */
  done(user: UserId): Promise<MemoryJob[]>;
  /** Undefined where somebody else was first. */
  add(user: UserId, change: Pick<OpenJob, 'job' | 'bounds'>): Promise<OpenJob | undefined>;
  /** Undefined where somebody else changed it. */
  change(open: OpenJob, change: Partial<Pick<OpenJob, 'job' | 'bounds'>>): Promise<OpenJob | undefined>;
  /** An end that is told twice, or was begun and not finished, is one end. */
  end(open: OpenJob, job: MemoryJob): Promise<void>;
}

export function createJobEntries(connection: Kernel['connection'], entries: Entries): JobEntries {
  const prefix = `$KV.${MEMORY_JOBS_BUCKET}.`;

  async function put({ user, job, bounds, revision }: OpenJob): Promise<OpenJob | undefined> {
    const value = JSON.stringify({ job, bounds });
    const outcome = await entries.put(openEntry(user, job.id), value, revision, PUT_TIMEOUT_MS);
    if (outcome.kind === 'stored') return { user, job, bounds, revision: outcome.seq };
    if (outcome.kind === 'wrong_last') return undefined;
    throw unavailable(outcome.kind);
  }

  async function done(user: UserId): Promise<MemoryJob[]> {
    const found = await entries.read(`done.${user}.*`);
    return [...found.values()]
      .flatMap(({ value = '' }) => MemoryJob.safeParse(parseJson(value)).data ?? [])
      .sort((a, b) => Date.parse(b.done_at ?? b.asked_at) - Date.parse(a.done_at ?? a.asked_at));
  }

  return {
    async users() {
      const subjects = await subjectsOf(connection, `KV_${MEMORY_JOBS_BUCKET}`, `${prefix}open.*.*`);
      const users = subjects.flatMap(
        (subject) => UserId.safeParse(subject.slice(prefix.length).split('.')[1]).data ?? [],
      );
      return [...new Set(users)];
    },
    async open(user) {
      const found = [...(await entries.read(`open.${user}.*`))];
      return found
        .map(([name, { value = '', revision }]) => {
          const { data } = Stored.safeParse(parseJson(value));
          // What was promised is in it: nobody is told that it is done.
          if (data === undefined) throw unavailable(`the entry ${name} cannot be read`);
          return { user, job: data.job, bounds: data.bounds, revision };
        })
        .sort((a, b) => rank(a.job) - rank(b.job) || Date.parse(a.job.asked_at) - Date.parse(b.job.asked_at));
    },
    done,
    add: (user, job) => put({ user, ...job, revision: 0 }),
    change: (open, change) => put({ ...open, ...change }),
    async end({ user, revision }, job) {
      const name = `done.${user}.${job.id}`;
      const before = (await entries.read(name)).get(name)?.revision ?? 0;
      const outcome = await entries.put(name, JSON.stringify(job), before, PUT_TIMEOUT_MS);
      if (outcome.kind !== 'stored') throw unavailable(outcome.kind);
      await entries.erase(openEntry(user, job.id), revision);
      for (const { id } of (await done(user)).slice(KEPT)) await entries.erase(`done.${user}.${id}`);
    },
  };
}

const openEntry = (user: UserId, id: string): string => `open.${user}.${id}`;

/** Behind an erasure of the whole user nothing is left to the other ones. */
function rank(job: MemoryJob): number {
  if (job.kind === 'rebuild') return 2;
  return job.scope.kind === 'user' ? 0 : 1;
}

export const unavailable = (why: string): RetryableError =>
  new RetryableError('memory_jobs_unavailable', `A job of memory could not be written: ${why}.`);
