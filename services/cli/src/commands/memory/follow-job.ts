// Follows a job of memory until it is done. Whoever stops following stops nothing: the job goes on, and so it does while no memory
// service is there to tell of it, which is waited out for a while.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MemoryJob } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import { RetryableError, TerminalError } from '@troupe/shared';
import { say } from '../../terminal.ts';
import type { Memory } from './ask.ts';

const PAUSE_MS = 300;
const SILENCE_MS = 60_000;

export interface Following<Job> {
  /** How far it is, in one line; said when it changes. */
  readonly line: (job: Job) => string;
  readonly signal: AbortSignal;
}

/**
 * The job when it is done. Throws RetryableError when memory has not answered for a minute, TerminalError `memory_job_lost` when it
 * does not know the job any more, and the signal's reason.
 */
export async function followJob<Job extends MemoryJob>(
  memory: Memory,
  asked: Job,
  { line, signal }: Following<Job>,
): Promise<Job> {
  let job = asked;
  let said: string | undefined;
  let silent = false;
  let heardAt = performance.now();
  while (job.state !== 'done') {
    const now = line(job);
    if (now !== said) say(now);
    said = now;
    await sleep(PAUSE_MS, undefined, { signal });
    try {
      job = await lookAt(memory, job);
      heardAt = performance.now();
      silent = false;
    } catch (error) {
      if (!(error instanceof RetryableError) || performance.now() - heardAt > SILENCE_MS) throw error;
      if (!silent) say(`! ${error.message} Waiting for it.`);
      silent = true;
    }
  }
  return job;
}

/** Asking for the job itself would begin it anew if it was done meanwhile. */
async function lookAt<Job extends MemoryJob>(memory: Memory, { kind, id }: Job): Promise<Job> {
  const { jobs } = await memory(rpc.memoryStatus, {});
  const job = jobs.find((one) => one.kind === kind && one.id === id);
  if (job !== undefined) return job as Job;
  throw new TerminalError({
    code: 'memory_job_lost',
    message: `The memory service does not know ${id} any more, so whether it was done cannot be told.`,
    hint: 'Ask for it again: it goes on from where it stands.',
  });
}

/** What a job waits for, if it does not go on. */
export const waitingLine = ({ waits_for: reason, state }: MemoryJob): string | undefined => {
  if (reason !== undefined) return `! Tried again until it succeeds: ${reason}`;
  return state === 'waiting' ? '  waits for its turn …' : undefined;
};
