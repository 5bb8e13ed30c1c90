// How many calls a target takes at once: additive increase, multiplicative decrease. It begins at the operator's cap, which is believed
// until the target contradicts: begun low, a restart with a full queue would take thousands of calls to get back to what was known to
// be fine, while a cap that is too high costs one round of refused calls. Pure.
import type { LoadSignal } from './admission.ts';

/** Below this no refusal throttles a target: with a single call at once nothing could be learned beside it. */
const FLOOR = 2;
const DECREASE = 0.5;

export interface Limit {
  /** Calls at once. */
  readonly calls: number;
  readonly cap: number;
  /** How often it was lowered: calls that were begun before that tell of a load that is no more. */
  readonly round: number;
  /** Good calls at a full target since the last change. */
  readonly good: number;
}

export interface LoadReport {
  readonly signal: LoadSignal;
  /** The limit's, when the call began. */
  readonly round: number;
  /** Whether every place was taken: what succeeds below the limit says nothing about it. */
  readonly full: boolean;
}

export const limitOf = (cap: number): Limit => ({ calls: cap, cap, round: 0, good: 0 });

/** One call more after as many good ones as there are places; half as many after a refusal, once for all the calls of its round. */
export function adapted(limit: Limit, { signal, round, full }: LoadReport): Limit {
  switch (signal) {
    case 'good': {
      if (!full || limit.calls >= limit.cap) return limit;
      const good = limit.good + 1;
      return good < limit.calls ? { ...limit, good } : { ...limit, calls: limit.calls + 1, good: 0 };
    }
    case 'throttled': {
      if (round < limit.round) return limit;
      const floor = Math.min(FLOOR, limit.cap);
      const calls = Math.max(floor, Math.floor(limit.calls * DECREASE));
      return { ...limit, calls, round: limit.round + 1, good: 0 };
    }
    case 'none':
      return limit;
  }
}
