// One target asked until it answers or is not worth asking any more: the only place where provider calls are repeated after a fault.
// What is asked, and what is kept about it, is the caller's.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attempt } from './attempt.ts';
import type { AttemptKind } from './call-identity.ts';
import type { KeyInUse, KeyWish } from './keys/keys.ts';
import type { Door, Leave, Report, Skipped } from './leave.ts';
import { askLeave, keyless } from './leave.ts';
import type { RetryRule } from './rules/backoff.ts';
import type { FaultClass } from './rules/classify.ts';
import { classify, VERDICTS } from './rules/classify.ts';
import type { ProviderFault } from './rules/fault.ts';
import type { NextStep } from './rules/next-step.ts';
import { afterFault } from './rules/next-step.ts';
import type { RetryBudget } from './rules/retry-budget.ts';

export interface CallRules {
  readonly retry: RetryRule;
  readonly random: () => number;
}

/** What one call has behind it at one target; goes on from one question to the next. */
export interface Course {
  attempts: number;
  retries: number;
  walks: number;
  /** Keys that the call was refused with; those that were only throttled are forgotten after a wait. */
  readonly refusedWith: Set<string>;
  readonly throttledWith: Set<string>;
  /** The first fault, which is what is told of this target; later ones may only be its consequences. */
  first: TargetFault | undefined;
}

export const newCourse = (): Course => ({
  attempts: 0,
  retries: 0,
  walks: 0,
  refusedWith: new Set(),
  throttledWith: new Set(),
  first: undefined,
});

export interface TargetFault {
  readonly reason: FaultClass;
  readonly status: number | undefined;
}

/** `refused`: the caller's own side did not let it be sent. */
export type Asked<T, Refusal> = Attempt<T> | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface TargetCall<T, Refusal = never> extends Door {
  readonly model: string;
  readonly affinity: string;
  readonly retries: RetryBudget;
  /** Nobody else can be asked: then a retry is made also beyond the budget, and the circuit alone protects the target. */
  readonly isLastWay: boolean;
  readonly course: Course;
  /** What the first attempt is. */
  readonly kind: AttemptKind;
  /** One attempt. It may throw; what it holds is given back. */
  readonly ask: (key: KeyInUse, kind: AttemptKind) => Promise<Asked<T, Refusal>>;
  readonly usedTokens: (value: T) => number | undefined;
  readonly signal: AbortSignal;
  /** Asked anew before each wait: the longest that may be begun, and whether the caps leave one more attempt. */
  readonly longestWaitMs: () => number;
  readonly mayAsk: () => boolean;
  /** Something that the request can do without, so that it may be sent again at once. */
  readonly adapt?: (fault: ProviderFault) => boolean;
  readonly onFailure: (failed: FailedAttempt) => void;
}

/** What is told of a failed attempt: never the provider's own message, which may quote the prompt or the key. */
export interface FailedAttempt extends TargetFault {
  readonly attempt: number;
  readonly keyId: string;
  readonly next: NextStep['kind'];
}

export type Called<T, Refusal = never> =
  | { readonly kind: 'answered'; readonly value: T }
  | ({ readonly kind: 'failed'; readonly retryAfterMs: number | undefined } & TargetFault)
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | Skipped;

/** Rejects with the signal's reason when it aborts, or with what `ask` throws. */
export async function callTarget<T, Refusal = never>(
  call: TargetCall<T, Refusal>,
  rules: CallRules,
): Promise<Called<T, Refusal>> {
  const { course, signal } = call;
  for (let kind = call.kind; ; ) {
    const leave = await askLeave(call, wishOf(call));
    if (leave.kind === 'skipped') return leave;
    const asked = await askWith(leave, call, kind);
    if (asked.kind === 'refused') return asked;
    course.attempts += 1;
    if (asked.kind === 'answered') return { kind: 'answered', value: asked.value };
    signal.throwIfAborted();
    if (asked.kind === 'abandoned') throw new TypeError('an attempt was abandoned, and nobody left');

    const failed: Failed = {
      fault: asked.fault,
      reason: classify(asked.fault),
      status: asked.fault.kind === 'refused' ? asked.fault.status : undefined,
      keyId: leave.key.id,
      probe: leave.probe,
    };
    const { reason, status } = failed;
    course.first ??= { reason, status };
    const next = await prepareNext(call, rules, failed);
    if (next === undefined) return { kind: 'failed', reason, status, retryAfterMs: hintIn(asked.fault) };
    kind = next;
  }
}

/** What the leave consists of is told what became of the attempt, whatever becomes of it. */
async function askWith<T, R>(leave: Leave, call: TargetCall<T, R>, kind: AttemptKind): Promise<Asked<T, R>> {
  let report: Report = { kind: 'unknown' };
  try {
    const asked = await call.ask(leave.key, kind);
    report = reportOf(asked, call.usedTokens);
    return asked;
  } finally {
    leave.report(report);
  }
}

/** Waits, where that is what comes next; the kind of the next attempt, or undefined where there is none. */
async function prepareNext<T, R>(
  call: TargetCall<T, R>,
  rules: CallRules,
  failed: Failed,
): Promise<AttemptKind | undefined> {
  const { course, signal } = call;
  const { reason, status, keyId } = failed;
  if (VERDICTS[reason].keys !== 'none')
    (reason === 'rate_limited' ? course.throttledWith : course.refusedWith).add(keyId);
  const adapted = call.mayAsk() && (call.adapt?.(failed.fault) ?? false);
  const step: NextStep = adapted ? { kind: 'retry', afterMs: 0 } : nextStep(call, rules, failed);
  call.onFailure({ reason, status, keyId, attempt: course.attempts, next: step.kind });
  switch (step.kind) {
    case 'leave_target':
      return undefined;
    case 'other_key':
      course.walks += 1;
      return 'rotate';
    case 'retry':
      if (adapted) return 'retry';
      course.retries += 1;
      call.retries.retried();
      // A timer counts whole milliseconds and may be early by one: a key that was waited for would not be back yet.
      await sleep(Math.ceil(step.afterMs) + 1, undefined, { signal }).catch(() => signal.throwIfAborted());
      course.throttledWith.clear();
      return 'retry';
  }
}

interface Failed extends TargetFault {
  readonly fault: ProviderFault;
  readonly keyId: string;
  readonly probe: boolean;
}

function nextStep<T, R>(
  call: TargetCall<T, R>,
  rules: CallRules,
  { reason, fault, probe }: Failed,
): NextStep {
  const verdict = VERDICTS[reason];
  const { course, keys } = call;
  const otherKey = verdict.keys !== 'none' && keyless(keys, wishOf(call)) === undefined;
  // Where none is left, the pool knows when one can be used again.
  const again =
    verdict.keys === 'none' ? undefined : keyless(keys, { ...wishOf(call), except: course.refusedWith });
  const mayAsk = call.mayAsk();
  return afterFault({
    verdict,
    rule: rules.retry,
    retries: course.retries,
    walks: course.walks,
    otherKey,
    hintMs: Math.max(hintIn(fault) ?? 0, again?.retryAfterMs ?? 0),
    longestWaitMs: call.longestWaitMs(),
    mayAsk,
    mayRetry: mayAsk && (call.isLastWay || call.retries.allows),
    probe,
    random: rules.random,
  });
}

const wishOf = <T, R>({ model, affinity, course }: TargetCall<T, R>): KeyWish => ({
  model,
  affinity,
  except: course.refusedWith.union(course.throttledWith),
});

function reportOf<T, R>(asked: Asked<T, R>, usedTokens: (value: T) => number | undefined): Report {
  switch (asked.kind) {
    case 'answered':
      return { kind: 'good', usedTokens: usedTokens(asked.value) };
    case 'failed':
      return { kind: 'fault', fault: classify(asked.fault), retryAfterMs: hintIn(asked.fault) };
    case 'abandoned':
    case 'refused':
      return { kind: 'unknown' };
  }
}

const hintIn = (fault: ProviderFault): number | undefined =>
  fault.kind === 'refused' ? fault.retryAfterMs : undefined;
