// One attempt at one job: says in its entry that it runs, does the work, and says how that went.
import type { MemoryJob, UserId } from '@troupe/contracts';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { JobEntries, OpenJob } from './job-entries.ts';
import { unavailable } from './job-entries.ts';
import type { JobMeans, Jobs, Work } from './jobs.ts';

export interface PerformMeans {
  readonly entries: JobEntries;
  readonly work: Work;
  readonly ask: Jobs['ask'];
  readonly signal: AbortSignal;
}

/** Characters that the contract allows. */
const WAITS_FOR = 500;

/** Throws what the work throws, after the entry says it: the job is then tried again. */
export async function performJob(open: OpenJob, means: PerformMeans): Promise<void> {
  const { entries, work, ask, signal } = means;
  const { user, bounds } = open;
  let at = open;
  const progress = async (job: MemoryJob): Promise<void> => {
    signal.throwIfAborted();
    const changed = await entries.change(at, { job });
    if (changed === undefined) throw unavailable('it was changed by another process');
    at = changed;
  };
  await progress({ ...open.job, state: 'running' });
  try {
    await perform(
      work,
      { user, job: at.job },
      { progress, bounds, signal, ask: (request) => ask(user, request) },
    );
    await entries.end(at, { ...withoutWait(at.job), state: 'done', done_at: new Date().toISOString() });
  } catch (error) {
    // A wait that the process's end cut short is no news; and that the reason cannot be written is not the reason.
    if (!signal.aborted)
      await entries.change(at, { job: { ...at.job, waits_for: reasonOf(error) } }).catch(() => undefined);
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
