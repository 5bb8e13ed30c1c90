// Whether a call that finds no place waits for one, or is told at once that its turn would come too late: waiting for nothing costs the
// caller the time that it could have spent elsewhere. Pure.

/**
 * How many calls one process takes from the log ahead of the places that it has for them, and orders. Fairness between users holds
 * among these; what is still in the log comes in the log's order.
 */
export const PULL_AHEAD = 2_000;

export type ShedReason =
  /** Its turn would come too late. */
  | 'no_time'
  /** Its turn did not come in time. */
  | 'out_of_time'
  /** Too many wait. */
  | 'full';

export interface Load {
  /** Calls at once. */
  readonly calls: number;
  readonly waiting: number;
  /** Of those, the ones that come first. */
  readonly ahead: number;
  /** How long an answer takes, as the latest ones did; undefined: there was none yet. */
  readonly serviceMs: number | undefined;
}

/** Why a call with `leftMs` to go is not let into the queue; undefined: it is. */
export function shedReason(load: Load, leftMs: number): ShedReason | undefined {
  if (load.waiting >= PULL_AHEAD) return 'full';
  return waitMs(load) + (load.serviceMs ?? 0) > leftMs ? 'no_time' : undefined;
}

/** About how long the next place for it takes, with every place taken. */
export const waitMs = ({ ahead, serviceMs = 0, calls }: Load): number => ((ahead + 1) * serviceMs) / calls;

/** What the latest call counts for, against all before it. */
const NEWEST = 0.1;

/** The running mean of service times with one more. */
export const withSample = (mean: number | undefined, ms: number): number =>
  mean === undefined ? ms : mean + NEWEST * (ms - mean);
