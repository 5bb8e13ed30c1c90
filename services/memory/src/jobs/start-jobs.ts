// The jobs of memory in one process: takes them on, tells of them, and does what is open, whoever asked for it.
import type { MemoryJob } from '@troupe/contracts';
import type { Actor, Kernel } from '@troupe/shared';
import {
  CLOCK_STREAM,
  createLeases,
  DOOR_STREAM,
  LOG_STREAM,
  MEMORY_JOBS_BUCKET,
  openEntries,
  RetryableError,
} from '@troupe/shared';
import type { JobEntries, OpenJob } from './job-entries.ts';
import { createJobEntries } from './job-entries.ts';
import { JobRunner } from './job-runner.ts';
import type { Bounds, JobRequest, Jobs, Work } from './jobs.ts';

export interface JobsOptions {
  readonly kernel: Pick<Kernel, 'connection' | 'publisher' | 'logger'>;
  /** Names this process among those of memory; never used before. */
  readonly instance: string;
  readonly work: Work;
  /** How long a job that failed waits for its next attempt, the first time and at most. Default: 1 s and 60 s. */
  readonly pauses?: { readonly firstMs: number; readonly longestMs: number };
}

/** Open jobs of one user; more than five hundred could not be read at once. */
const MOST_OPEN = 200;
/** A knock comes with its message, which is stored a moment later. */
const KNOCK_SETTLE_MS = 20;
const ATTEMPTS = 5;

/** Takes on jobs and does them until it is drained. */
export function startJobs({ kernel, instance, work, pauses }: JobsOptions): Jobs & Actor {
  const { connection, publisher } = kernel;
  const bucket = openEntries(connection, publisher, MEMORY_JOBS_BUCKET);
  const entries = createJobEntries(connection, bucket);
  const ask = asking(entries, () => lastSequences(connection));
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
  (entries: JobEntries, ends: () => Promise<Bounds>): Jobs['ask'] =>
  async (user, request) => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const bounds = await ends();
      const open = await entries.open(user);
      const there = coveringIn(open, request);
      // What a rebuild has passed is projected: it needs no newer bounds.
      if (there?.job.kind === 'rebuild') return there.job;
      if (there === undefined && open.length >= MOST_OPEN) break;
      const job = newJob({ ...request, id: freeId(open, request.id) }, new Date());
      const taken = await (there === undefined
        ? entries.add(user, { job, bounds })
        : entries.change(there, { bounds }));
      if (taken !== undefined) return taken.job;
    }
    throw new RetryableError('memory_jobs_unavailable', `A job of memory could not be taken on for ${user}.`);
  };

/** The open job that is what is asked for. An erasure that has begun is not: what came behind its bounds is none of its business. */
const coveringIn = (open: readonly OpenJob[], { kind, id }: JobRequest): OpenJob | undefined =>
  open.find(({ job }) =>
    kind === 'erase'
      ? job.state === 'waiting' && (job.id === id || job.id.startsWith(again(id)))
      : job.id === id,
  );

function freeId(open: readonly OpenJob[], id: string): string {
  const taken = new Set(open.map(({ job }) => job.id));
  let free = id;
  for (let n = 2; taken.has(free); n += 1) free = `${again(id)}${n}`;
  return free;
}

/** Before the number of a job that waits behind those of the same name. No id that is asked for has the sign. */
const again = (id: string): string => `${id}=`;

async function lastSequences(connection: Kernel['connection']): Promise<Bounds> {
  try {
    const { streams } = await connection.jetstreamManager();
    const last = [LOG_STREAM, DOOR_STREAM, CLOCK_STREAM].map(
      async (stream) => [stream, (await streams.info(stream)).state.last_seq] as const,
    );
    return Object.fromEntries(await Promise.all(last));
  } catch (cause) {
    throw new RetryableError('stream_unreadable', 'Where the streams end could not be read.', { cause });
  }
}

function newJob(request: JobRequest, now: Date): MemoryJob {
  const begun = { asked_at: now.toISOString(), state: 'waiting' } as const;
  switch (request.kind) {
    case 'erase':
      return { ...request, ...begun, workflows: { erased: 0, total: 0 }, messages_erased: 0 };
    case 'rebuild':
      return { ...request, ...begun, events: { projected: 0, total: 0 } };
  }
}
