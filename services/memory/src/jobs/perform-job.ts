// One attempt at one job: notes where the streams end when it begins, does the work, and says in the entry how it went.
import type { MemoryJob, UserId } from '@troupe/contracts';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { JobEntries, OpenJob } from './job-entries.ts';
import type { Bounds, JobMeans, Jobs, Work } from './jobs.ts';

export interface PerformMeans {
  readonly entries: JobEntries;
  readonly work: Work;
  readonly ask: Jobs['ask'];
  readonly bounds: () => Promise<Bounds>;
  readonly signal: AbortSignal;
}

/** Characters that the contract allows. */
const WAITS_FOR = 500;

/** Throws what the work throws, after the entry says it: the job is then tried again. */
export async function performJob(open: OpenJob, means: PerformMeans): Promise<void> {
  const { entries, work, ask, signal } = means;
  const { user } = open;
  const bounds = open.bounds ?? (await means.bounds());
  let at = await entries.change(open, { job: { ...open.job, state: 'running' }, bounds });
  const progress = async (job: MemoryJob): Promise<void> => {
    signal.throwIfAborted();
    at = await entries.change(at, { job, bounds });
  };
  try {
    await perform(
      work,
      { user, job: at.job },
      { progress, bounds, signal, ask: (request) => ask(user, request) },
    );
    await entries.end(at, { ...withoutWait(at.job), state: 'done', done_at: new Date().toISOString() });
  } catch (error) {
    // A wait that the process's end cut short is no news.
    if (!signal.aborted) await entries.change(at, { job: { ...at.job, waits_for: reasonOf(error) }, bounds });
    throw error;
  }
}

function perform(
  work: Work,
  { user, job }: { readonly user: UserId; readonly job: MemoryJob },
  means: JobMeans<MemoryJob>,
): Promise<void> {
  switch (job.kind) {
    case 'erase':
      return work.erase(user, job, means);
    case 'rebuild':
      return work.rebuild(user, job, means);
  }
}

/** Of a job that goes on. */
export function withoutWait<Job extends MemoryJob>(job: Job): Job {
  const going = { ...job };
  delete going.waits_for;
  return going;
}

const reasonOf = (error: unknown): string =>
  error instanceof RetryableError || error instanceof TerminalError
    ? error.message.slice(0, WAITS_FOR)
    : 'A fault of the memory service; its log has it.';
