// What becomes of a call after an attempt at a target: the table of retries, other keys and repairs, apart from whoever waits and calls.
// Which target comes next, if any, is the chain's business (VERDICTS' `fallback`). Pure.
import { backoff, type RetryRule } from './backoff.ts';
import type { Verdict } from './classify.ts';

export type NextStep =
  | { readonly kind: 'retry'; readonly afterMs: number }
  /** At once. It takes nothing from the retry budget: the target itself has not failed. */
  | { readonly kind: 'other_key' }
  | { readonly kind: 'leave_target' };

export interface AfterFault {
  readonly verdict: Verdict;
  readonly rule: RetryRule;
  /** Retries, and walks to another key, that this target already had. */
  readonly retries: number;
  readonly walks: number;
  /** Whether a key is there that the call was not refused with, and that may be used now. */
  readonly otherKey: boolean;
  /** What the latest answer asked for, or when a key can be used again, whichever is later. */
  readonly hintMs: number | undefined;
  /** A longer wait is not begun. */
  readonly longestWaitMs: number;
  /** Whether the caps of the call leave one more attempt, and whether the target's retry budget does, too. */
  readonly mayAsk: boolean;
  readonly mayRetry: boolean;
  /** The attempt was a circuit's probe: nobody insists behind it. */
  readonly probe: boolean;
  readonly random: () => number;
}

export function afterFault(fault: AfterFault): NextStep {
  const { verdict, rule, retries, probe, mayRetry, hintMs, random } = fault;
  if (mayWalk(fault)) return { kind: 'other_key' };
  if (probe || !mayRetry || retries >= allowed(verdict, rule)) return { kind: 'leave_target' };
  const afterMs = backoff({ rule, done: retries, hintMs, random });
  return afterMs <= fault.longestWaitMs ? { kind: 'retry', afterMs } : { kind: 'leave_target' };
}

/**
 * Walks from keys that cannot be used are not held to the caps: each key is lost once. A key that is only limited can be used again, so
 * that there would be no end to them.
 */
export const isFreeWalk = ({ retries }: Verdict): boolean => retries === 'none';

function mayWalk({ verdict, walks, otherKey, mayAsk }: AfterFault): boolean {
  if (!mayAsk && !isFreeWalk(verdict)) return false;
  switch (verdict.keys) {
    case 'all':
      return otherKey;
    case 'one':
      return otherKey && walks === 0;
    case 'none':
      return false;
  }
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

export interface AfterAnswer {
  readonly finish: 'stop' | 'tool_calls' | 'truncated' | 'refused';
  /** The answer is not what was asked for. */
  readonly hasProblems: boolean;
  /** This target was already asked to correct an answer, or for a longer one. */
  readonly repaired: boolean;
  readonly raised: boolean;
  /** The bound of the answer can be raised for this model. */
  readonly canRaise: boolean;
  /** The caps of the call and its time leave one more attempt. */
  readonly mayAskAgain: boolean;
}

/** A refusal is never corrected, and a truncated answer is no wrong one. */
export function afterAnswer(answer: AfterAnswer): 'deliver' | 'raise_limit' | 'repair' | 'leave_target' {
  switch (answer.finish) {
    case 'refused':
      return 'deliver';
    case 'truncated':
      return answer.canRaise && !answer.raised && answer.mayAskAgain ? 'raise_limit' : 'deliver';
    case 'stop':
    case 'tool_calls':
      if (!answer.hasProblems) return 'deliver';
      return !answer.repaired && answer.mayAskAgain ? 'repair' : 'leave_target';
  }
}
