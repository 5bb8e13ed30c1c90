// The jobs in their bucket: `open.<user>.<id>` while there is something to do, so that a look at what is open reads no more than that;
// then `done.<user>.<id>`, of which a user keeps the last few. An open entry is changed by compare-and-set.
import { z } from 'zod';
import { MemoryJob, UserId } from '@troupe/contracts';
import type { Entries, Kernel } from '@troupe/shared';
import { MEMORY_JOBS_BUCKET, RetryableError, subjectsOf } from '@troupe/shared';
import type { Bounds } from './jobs.ts';

const PUT_TIMEOUT_MS = 2_000;
/** Done jobs of a user that are kept to be told of. */
const KEPT = 20;

const Stored = z.object({ job: MemoryJob, bounds: z.record(z.string(), z.int().nonnegative()).optional() });

export interface OpenJob {
  readonly user: UserId;
  readonly job: MemoryJob;
  /** From when it began. */
  readonly bounds: Bounds | undefined;
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
  add(user: UserId, job: MemoryJob): Promise<OpenJob | undefined>;
  /** Throws `memory_jobs_unavailable`, too, where somebody else changed it. */
  change(open: OpenJob, change: Pick<OpenJob, 'job' | 'bounds'>): Promise<OpenJob>;
  /** An end that is told twice, or was begun and not finished, is one end. */
  end(open: OpenJob, job: MemoryJob): Promise<void>;
}

export function createJobEntries(connection: Kernel['connection'], entries: Entries): JobEntries {
  const prefix = `$KV.${MEMORY_JOBS_BUCKET}.`;

  async function put(user: UserId, entry: Omit<OpenJob, 'user'>): Promise<OpenJob | undefined> {
    const { job, bounds, revision } = entry;
    const value = JSON.stringify({ job, bounds });
    const outcome = await entries.put(openEntry(user, job.id), value, revision, PUT_TIMEOUT_MS);
    if (outcome.kind === 'stored') return { user, job, bounds, revision: outcome.seq };
    if (outcome.kind === 'wrong_last') return undefined;
    throw unavailable(outcome.kind);
  }

  async function done(user: UserId): Promise<MemoryJob[]> {
    const found = await entries.read(`done.${user}.*`);
    return [...found.values()]
      .flatMap(({ value }) => MemoryJob.safeParse(jsonOf(value)).data ?? [])
      .sort((a, b) => Date.parse(b.done_at ?? b.asked_at) - Date.parse(a.done_at ?? a.asked_at));
  }

  return {
    async users() {
      const subjects = await subjectsOf(connection, `KV_${MEMORY_JOBS_BUCKET}`, `${prefix}open.*.*`);
      return [
        ...new Set(subjects.map((subject) => UserId.parse(subject.slice(prefix.length).split('.')[1]))),
      ];
    },
    async open(user) {
      const found = await entries.read(`open.${user}.*`);
      return [...found.values()]
        .flatMap(({ value, revision }) => {
          const { data } = Stored.safeParse(jsonOf(value));
          return data === undefined ? [] : [{ user, job: data.job, bounds: data.bounds, revision }];
        })
        .sort((a, b) => erasuresFirst(a.job, b.job));
    },
    done,
    add: (user, job) => put(user, { job, bounds: undefined, revision: 0 }),
    async change(open, change) {
      const changed = await put(open.user, { ...change, revision: open.revision });
      if (changed === undefined) throw unavailable('it was changed by another process');
      return changed;
    },
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

const erasuresFirst = (a: MemoryJob, b: MemoryJob): number =>
  Number(b.kind === 'erase') - Number(a.kind === 'erase') || Date.parse(a.asked_at) - Date.parse(b.asked_at);

function jsonOf(value: string | undefined): unknown {
  try {
    return JSON.parse(value ?? '');
  } catch {
    return undefined;
  }
}

const unavailable = (why: string): RetryableError =>
  new RetryableError('memory_jobs_unavailable', `A job of memory could not be written: ${why}.`);
