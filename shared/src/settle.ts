// The one place where a failure's kind becomes what is done with its message. Pure.
//   RetryableError   again after its delay or backoff; given up after the last attempt
//   TerminalError    given up at once
//   ContractError    given up at once: what is stored stays as it is
//   anything else    a bug: again with backoff; given up after the last attempt
import type { Failure } from '@troupe/contracts';
import { ContractError } from '@troupe/contracts';
import { bounded, describeBug, RetryableError, TerminalError } from './errors.ts';

export type Settlement =
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** Dead letter, and whoever waits is told. */
  | { readonly kind: 'bury'; readonly failure: Failure };

const BACKOFF_MS = [100, 500, 2_000, 5_000];

/**
 * `maxAttempts` of what must not be lost to an outage: with the backoff here more than half a day, with a longer one days. For a fault
 * that nobody mends by then, a dead letter says more than another attempt.
 */
export const UNTIL_MENDED = 10_000;

/** What follows from `error` at the given attempt (1 is the first) of `maxAttempts`. */
export function settle(error: unknown, attempt: number, maxAttempts: number): Settlement {
  if (error instanceof TerminalError) return { kind: 'bury', failure: error.failure };
  if (error instanceof ContractError) return { kind: 'bury', failure: contractBroken(error) };
  if (attempt >= maxAttempts) return { kind: 'bury', failure: failureOf(error, attempt) };
  const backoffMs = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length) - 1] ?? 0;
  return {
    kind: 'retry',
    delayMs: error instanceof RetryableError ? (error.retryAfterMs ?? backoffMs) : backoffMs,
  };
}

const contractBroken = ({ message }: ContractError): Failure =>
  bounded({
    code: 'contract_broken',
    message,
    hint: 'Only services may write the log; check its permissions.',
  });

const failureOf = (error: unknown, attempts: number): Failure =>
  error instanceof RetryableError
    ? bounded({
        code: error.code,
        message: error.message,
        hint: `It was tried ${attempts} times; see the log of the service.`,
      })
    : describeBug(error);
