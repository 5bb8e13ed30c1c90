// What memory does for a user besides answering: erasures and rebuilds. Each is an entry in a bucket that all memory processes share,
// and goes on until it is done, whoever dies on the way: the work itself must be such that it can begin again anywhere.
//  J1  What was asked for is in the bucket before anybody is told that it is under way.
//  J2  One job of a user at a time, by one process: erasures first, that of the whole user before the others, then as they were asked for.
//  J3  A job that fails is tried again, later and later, and keeps none of the others waiting; its entry says what it waits for.
//  J4  What a job is about is bounded by where the streams ended when it was asked for, which its entry keeps: what comes later is a new
//      life. Asked for again, an erasure that has begun does not stretch: the new order is a job of its own behind it.
import type { MemoryJob, UserId } from '@troupe/contracts';

/** What is asked for; `id` names it (A-Z a-z 0-9 _ -). A rebuild asked for while it is under way is that one. */
export type JobRequest =
  | Pick<Extract<MemoryJob, { kind: 'erase' }>, 'kind' | 'id' | 'scope'>
  | Pick<Extract<MemoryJob, { kind: 'rebuild' }>, 'kind' | 'id'>;

/** Throw RetryableError `memory_jobs_unavailable`, `stream_unreadable`. */
export interface Jobs {
  /** Resolves when the bucket holds the job that covers everything up to now, with how far it is. A job that is done is begun anew. */
  ask(user: UserId, request: JobRequest): Promise<MemoryJob>;
  /** The user's jobs, the newest first: those under way, and those that ended lately. */
  of(user: UserId): Promise<MemoryJob[]>;
}

/** The last sequence of each stream when a job was asked for. */
export type Bounds = Readonly<Record<string, number>>;

export interface JobMeans<Job extends MemoryJob> {
  /** Stores how far it is; rejects when the job was lost to another process. */
  readonly progress: (job: Job) => Promise<void>;
  readonly bounds: Bounds;
  /** Asks for another job of the same user, which begins after this one. */
  readonly ask: (request: JobRequest) => Promise<unknown>;
  /** Aborts when the process ends or the job goes to another one: nothing may be changed after that. */
  readonly signal: AbortSignal;
}

/** Does one kind of job from wherever it stands. */
export type JobWork<Job extends MemoryJob> = (user: UserId, job: Job, means: JobMeans<Job>) => Promise<void>;

/** What each kind of job is done by. */
export type Work = { readonly [Kind in MemoryJob['kind']]: JobWork<Extract<MemoryJob, { kind: Kind }>> };
