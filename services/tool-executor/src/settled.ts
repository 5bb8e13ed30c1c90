// When a tool request needs nothing more. As for every worker: it has its outcome, was cancelled, or the run has ended. But an
// outcome with a job id only says that a job goes on behind it: such a request is settled by the job's end. Pure.
import type { LogEvent, StoredEvent } from '@troupe/contracts';
import { isTerminal } from '@troupe/contracts';

export function isSettled(request: LogEvent<'tool.requested'>, behind: readonly StoredEvent[]): boolean {
  return behind.some((event) => isTerminal(event.type) || (event.causationId === request.id && ends(event)));
}

function ends(event: StoredEvent): boolean {
  switch (event.type) {
    case 'tool.completed':
      return event.data.job_id === undefined;
    case 'tool.failed':
    case 'tool.cancelled':
    case 'job.completed':
    case 'job.failed':
      return true;
    default:
      return false;
  }
}
