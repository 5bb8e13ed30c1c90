// One target asked until it answers or is not worth asking any more: the only place where provider calls are retried.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Attempt, attempt } from './attempt.ts';
import type { Breaker, Health } from './breaker.ts';
import type { Progress } from './generation.ts';
import type { Observed } from './observe-call.ts';
import type { RetryRule } from './rules/backoff.ts';
import { retryDelay } from './rules/backoff.ts';
import type { FaultClass } from './rules/classify.ts';
import { classify, VERDICTS } from './rules/classify.ts';
import type { ProviderFault } from './rules/fault.ts';

export type Called<T> =
  | { readonly kind: 'answered'; readonly value: T; readonly attempts: number }
  | {
      readonly kind: 'failed';
      readonly reason: FaultClass | 'circuit_open';
      readonly status: number | undefined;
      readonly attempts: number;
    }
  /** The signal aborted. */
  | { readonly kind: 'abandoned'; readonly attempts: number };

export interface CallRules {
  readonly retry: RetryRule;
  /** Until the first part of an answer, and between its parts. */
  readonly contentTimeoutMs: number;
  readonly random: () => number;
}

/** What is told of a failed attempt: never the provider's own message, which may quote the prompt or the key. */
export interface FailedAttempt {
  readonly reason: FaultClass;
  readonly status: number | undefined;
  readonly attempt: number;
  /** Until the next attempt at this target; undefined: there is none. */
  readonly retryInMs: number | undefined;
}

export interface Call<T> {
  readonly breaker: Breaker;
  readonly work: (progress: Progress) => Promise<T>;
  readonly signal: AbortSignal;
  /** How much time may be spent waiting for this target, asked anew before each wait. */
  readonly leftMs: () => number;
  readonly onFailure: (failed: FailedAttempt) => void;
  /** Runs each attempt and tells of it. */
  readonly observed?: Observed<T>;
}

export async function callTarget<T>(call: Call<T>, rules: CallRules): Promise<Called<T>> {
  const observed: Observed<T> = call.observed ?? ((run) => run());
  let last: { reason: FaultClass; status: number | undefined } | undefined;
  for (let attempts = 0; ; ) {
    const result = await call.breaker.run(
      () => observed(() => attempt(call.work, rules.contentTimeoutMs, call.signal)),
      healthOf,
    );
    if (result === undefined)
      return { kind: 'failed', reason: 'circuit_open', status: undefined, ...last, attempts };
    attempts += 1;
    if (result.kind === 'answered') return { ...result, attempts };
    if (result.kind === 'abandoned') return { ...result, attempts };

    const { fault } = result;
    const reason = classify(fault);
    const status = fault.kind === 'refused' ? fault.status : undefined;
    const retryInMs = retryDelay({
      rule: rules.retry,
      verdict: VERDICTS[reason],
      done: attempts - 1,
      hintMs: hintIn(fault),
      leftMs: call.leftMs(),
      random: rules.random,
    });
    call.onFailure({ reason, status, attempt: attempts, retryInMs });
    if (retryInMs === undefined) return { kind: 'failed', reason, status, attempts };
    last = { reason, status };
    await sleep(retryInMs, undefined, { signal: call.signal }).catch(() => undefined);
    if (call.signal.aborted) return { kind: 'abandoned', attempts };
  }
}

function healthOf(result: Attempt<unknown>): Health {
  switch (result.kind) {
    case 'answered':
      return 'good';
    case 'failed':
      return VERDICTS[classify(result.fault)].counts ? 'bad' : 'unknown';
    case 'abandoned':
      return 'unknown';
  }
}

const hintIn = (fault: ProviderFault): number | undefined =>
  fault.kind === 'refused' ? fault.retryAfterMs : undefined;
