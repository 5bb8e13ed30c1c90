// What a workflow's log says of a browser job. Pure: the executor keeps no state of jobs beside the log.
import type { Failure, LargeText, StoredEvent } from '@troupe/contracts';
import { requestOf } from '../job-id.ts';

export type JobState =
  | { readonly status: 'unknown' }
  | { readonly status: 'running' }
  | { readonly status: 'completed'; readonly output: LargeText }
  | { readonly status: 'failed'; readonly error: Failure };

export const SPAWN = 'spawn_browser_job';
export const CANCEL = 'cancel_browser_job';

/** `events` is the log of one workflow: a job of another one is unknown. */
export function jobStateIn(events: readonly StoredEvent[], jobId: string): JobState {
  const request = requestOf(jobId);
  let state: JobState = { status: 'unknown' };
  for (const event of events) {
    if (event.type === 'tool.requested' && event.id === request && event.data.tool.name === SPAWN)
      state = { status: 'running' };
    else if (event.causationId === request) state = after(event) ?? state;
  }
  return state;
}

function after(event: StoredEvent): JobState | undefined {
  switch (event.type) {
    case 'tool.completed':
      // With a job id it only says that the job was accepted.
      return event.data.job_id === undefined ? { status: 'completed', output: event.data.output } : undefined;
    case 'job.completed':
      return { status: 'completed', output: event.data.output };
    case 'tool.failed':
    case 'job.failed':
      return { status: 'failed', error: event.data.error };
    default:
      return undefined;
  }
}

/** Whether a later tool call asked for the job to be stopped: that request is the durable cancellation. */
export const wasCancelled = (behind: readonly StoredEvent[], jobId: string): boolean =>
  behind.some(
    (event) =>
      event.type === 'tool.requested' &&
      event.data.tool.name === CANCEL &&
      event.data.arguments['job_id'] === jobId,
  );
