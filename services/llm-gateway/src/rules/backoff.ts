// How long to wait before the same target is asked again. Pure: randomness is given.

export interface RetryRule {
  /** Retries per target, on top of the first attempt. */
  readonly maxRetries: number;
  /** The first wait lies between 0 and this; the range doubles with each retry. */
  readonly baseMs: number;
  /** No wait of our own choice is longer. */
  readonly maxMs: number;
}

/** Of a wait that the provider asked for, so that those who were refused together do not come back together. */
const HINT_JITTER = 0.1;

export interface Backoff {
  readonly rule: RetryRule;
  /** Retries that this target already had. */
  readonly done: number;
  /** What the latest answer asked for. */
  readonly hintMs: number | undefined;
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number;
}

/** Milliseconds: full jitter, or the provider's hint where that is longer. */
export function backoff({ rule, done, hintMs = 0, random }: Backoff): number {
  const ours = random() * Math.min(rule.maxMs, rule.baseMs * 2 ** done);
  return Math.max(ours, afterHint(hintMs, random));
}

/** No sooner than was asked for, and not all at once. */
export const afterHint = (hintMs: number, random: () => number): number =>
  hintMs * (1 + HINT_JITTER * random());
