// A job is named by the request that started it: whoever repeats the request repeats the same job, and whoever has a job's
// id has its request. Nothing needs to be stored.
import { EventId } from '@troupe/contracts';

const PREFIX = 'job_';

export const jobIdOf = (request: EventId): string => `${PREFIX}${request}`;

/** The request behind a job's id; undefined for what is no job's id. */
export function requestOf(jobId: string): EventId | undefined {
  const request = EventId.safeParse(jobId.slice(PREFIX.length));
  return jobId.startsWith(PREFIX) && request.success ? request.data : undefined;
}
