// When the same target is tried again, if at all. Pure: randomness and time are given.
import type { Verdict } from './classify.ts';

export interface RetryRule {
  /** Retries per target, on top of the first attempt. */
  readonly maxRetries: number;
  /** The first wait lies between 0 and this; the range doubles with each retry. */
  readonly baseMs: number;
}

/** No wait of our own choice is longer. */
const MAX_BACKOFF_MS = 8_000;
/** Of a wait that the provider asked for, so that those who were refused together do not come back together. */
const HINT_JITTER = 0.1;

export interface Retry {
  readonly rule: RetryRule;
  readonly verdict: Verdict;
  /** Retries that this target already had. */
  readonly done: number;
  /** What the latest answer asked for. */
  readonly hintMs: number | undefined;
  /** How much time this target may still take. A longer wait is not begun. */
  readonly leftMs: number;
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number;
}

/** Milliseconds to wait before the next attempt (full jitter, or the provider's hint where it is longer); undefined: none. */
export function retryDelay({ rule, verdict, done, hintMs = 0, leftMs, random }: Retry): number | undefined {
  if (done >= allowed(verdict, rule)) return undefined;
  const ours = random() * Math.min(MAX_BACKOFF_MS, rule.baseMs * 2 ** done);
  const theirs = hintMs * (1 + HINT_JITTER * random());
  const delay = Math.max(ours, theirs);
  return delay < leftMs ? delay : undefined;
}

function allowed({ retries }: Verdict, { maxRetries }: RetryRule): number {
  switch (retries) {
    case 'all':
      return maxRetries;
    case 'one':
      return Math.min(1, maxRetries);
    case 'none':
      return 0;
  }
}
