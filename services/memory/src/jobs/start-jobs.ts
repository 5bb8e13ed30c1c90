// The jobs of memory in one process: takes them on, tells of them, and does what is open, whoever asked for it.
import type { MemoryJob } from '@troupe/contracts';
import type { Actor, Kernel } from '@troupe/shared';
import { createLeases, MEMORY_JOBS_BUCKET, openEntries, RetryableError } from '@troupe/shared';
import type { JobEntries } from './job-entries.ts';
import { createJobEntries } from './job-entries.ts';
import { JobRunner } from './job-runner.ts';
import type { JobRequest, Jobs, Work } from './jobs.ts';

export interface JobsOptions {
  readonly kernel: Pick<Kernel, 'connection' | 'publisher' | 'logger'>;
  /** Names this process among those of memory; never used before. */
  readonly instance: string;
  readonly work: Work;
  /** How long a job that failed waits for its next attempt, the first time and at most. Default: 1 s and 60 s. */
  readonly pauses?: { readonly firstMs: number; readonly longestMs: number };
}

/** Open jobs of one user; more than a thousand could not be read at once. */
const MOST_OPEN = 200;
/** A knock comes with its message, which is stored a moment later. */
const KNOCK_SETTLE_MS = 20;
const ATTEMPTS = 5;

/** Takes on jobs and does them until it is drained. */
export function startJobs({ kernel, instance, work, pauses }: JobsOptions): Jobs & Actor {
  const { connection, publisher } = kernel;
  const bucket = openEntries(connection, publisher, MEMORY_JOBS_BUCKET);
  const entries = createJobEntries(connection, bucket);
  const ask = asking(entries);
  const runner = new JobRunner({
    ...{ kernel, entries, ask, work, instance },
    leases: createLeases(connection, publisher),
    pauses: pauses ?? { firstMs: 1_000, longestMs: 60_000 },
  });
  const news = bucket.onChange(({ renewal }) => {
    if (!renewal) runner.lookIn(KNOCK_SETTLE_MS);
  });
  runner.lookIn(0);
  return {
    ask,
    async of(user) {
      const open = (await entries.open(user)).map(({ job }) => job);
      const newest = open.sort((a, b) => Date.parse(b.asked_at) - Date.parse(a.asked_at));
      const done = await entries.done(user);
      return [...newest, ...done.filter(({ id }) => open.every((one) => one.id !== id))];
    },
    async drain(graceMs) {
      news[Symbol.dispose]();
      await runner.drain(graceMs);
    },
  };
}

const asking =
  (entries: JobEntries): Jobs['ask'] =>
  async (user, request) => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const open = await entries.open(user);
      const there = open.find(({ job }) => job.id === request.id);
      if (there !== undefined) return there.job;
      if (open.length >= MOST_OPEN) break;
      const added = await entries.add(user, newJob(request, new Date()));
      if (added !== undefined) return added.job;
    }
    throw new RetryableError('memory_jobs_unavailable', `A job of memory could not be taken on for ${user}.`);
  };

function newJob(request: JobRequest, now: Date): MemoryJob {
  const begun = { asked_at: now.toISOString(), state: 'waiting' } as const;
  switch (request.kind) {
    case 'erase':
      return { ...request, ...begun, workflows: { erased: 0, total: 0 }, messages_erased: 0 };
    case 'rebuild':
      return { ...request, ...begun, events: { projected: 0, total: 0 } };
  }
}
