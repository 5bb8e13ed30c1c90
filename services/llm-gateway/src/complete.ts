// A whole model turn from whichever target gives one: target after target, within one deadline. A broken or silent
// answer is begun anew elsewhere, since nothing of it counts before it is whole; what the caller did wrong is not repeated.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '@troupe/contracts';
import type { Logger } from '@troupe/shared';
import type { Engine, ReadyTarget, TargetEnd } from './answer-from.ts';
import { answerFrom, attemptsLeft } from './answer-from.ts';
import type { CallInHand, LiveSink } from './ask-model.ts';
import { Spent } from './ask-model.ts';
import type { CallIdentity } from './call-identity.ts';
import type { ModelAnswer, ModelRequest } from './generation.ts';
import { afterHint } from './rules/backoff.ts';
import type { FaultClass } from './rules/classify.ts';
import { VERDICTS } from './rules/classify.ts';
import { attemptBudget, Deadline, leftOnArrival } from './rules/deadline.ts';
import type { TargetFailure } from './rules/failure.ts';
import { failureOf } from './rules/failure.ts';
import type { Target } from './rules/targets.ts';
import { targetName } from './rules/targets.ts';

/** Parts of the conversation that a model was not shown, since they did not fit. */
export interface LeftOut {
  readonly tool_results: number;
  readonly characters: number;
}

export type Completion = (
  | {
      readonly kind: 'completed' | 'refused' | 'truncated';
      readonly answer: ModelAnswer;
      readonly target: Target;
      readonly leftOut: LeftOut | undefined;
    }
  | {
      readonly kind: 'rejected';
      readonly error: Failure;
      /** Who said no: a provider, or the gateway without asking one. */
      readonly origin: 'gateway' | 'provider';
      readonly retryAfterMs: number | undefined;
    }
) & {
  /** Provider calls that were made, and what they cost; null where one of them has no price. */
  readonly attempts: number;
  readonly costNanoUsd: number | null;
};

type Ending = Completion extends infer C
  ? C extends unknown
    ? Omit<C, 'attempts' | 'costNanoUsd'>
    : never
  : never;

export interface CompleteOptions extends Engine {
  readonly chain: readonly ReadyTarget[];
  /** The request as it fits into the target's context; undefined where it does not, whatever is left out. */
  readonly fit: (
    request: ModelRequest,
    target: ReadyTarget,
  ) => { readonly request: ModelRequest; readonly leftOut: LeftOut | undefined } | undefined;
  /** Of the whole call, without the time in which a provider was waited for. */
  readonly onOverhead: (seconds: number) => void;
  /** Milliseconds since any fixed moment. */
  readonly monotonic: () => number;
  readonly now: () => number;
}

export interface CallContext {
  readonly call: CallIdentity;
  /** When the run ends in any case. */
  readonly deadlineAt: string | undefined;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly live: LiveSink;
}

/** Rejects with the signal's reason when it aborts, or where an attempt cannot be put on record; every other end is a completion. */
export type Complete = (request: ModelRequest, context: CallContext) => Promise<Completion>;

export function createComplete(options: CompleteOptions): Complete {
  const { times, monotonic, now } = options;
  return async (request, { call: identity, deadlineAt, signal, logger, live }) => {
    const startedAt = monotonic();
    const deadline = new Deadline(leftOnArrival(times.turn, deadlineAt, now()), monotonic);
    const spent = new Spent();
    const call: CallInHand = { identity, deadline, signal, logger, live, spent };
    const ending = await askUntilEnded(request, call, options);
    options.onOverhead((monotonic() - startedAt - spent.providerMs) / 1_000);
    return { ...ending, attempts: spent.attempts, costNanoUsd: spent.costNanoUsd };
  };
}

/**
 * Goes through the chain; where no target can be asked now but one can be in time, waits for it and goes through it again. Each failure
 * that is told is the first of its target: later ones may only be its consequences.
 */
async function askUntilEnded(
  request: ModelRequest,
  call: CallInHand,
  options: CompleteOptions,
): Promise<Ending> {
  const told = new Map<string, TargetFailure>();
  for (;;) {
    const round = await askChain(request, call, options);
    if (round.kind === 'ended') return round.ending;
    const { failures } = round;
    for (const failure of failures)
      if (!told.get(failure.target)?.attempts) told.set(failure.target, failure);
    const retryAfterMs = leastOf(failures);
    const mayWait = attemptsLeft(call, 0) > 0 && failures.some(isWaitedFor) && !failures.some(isForGood);
    const waitMs =
      mayWait && retryAfterMs !== undefined ? afterHint(retryAfterMs, options.rules.random) : Infinity;
    if (waitMs > call.deadline.leftMs - options.times.minUseful) {
      const origin = call.spent.attempts > 0 ? 'provider' : 'gateway';
      return { kind: 'rejected', error: failureOf([...told.values()]), origin, retryAfterMs };
    }
    // Something else may be said about it by then, even where it was said to be over at once.
    await sleep(Math.max(waitMs, options.rules.retry.baseMs), undefined, { signal: call.signal }).catch(() =>
      call.signal.throwIfAborted(),
    );
  }
}

type Round =
  | { readonly kind: 'ended'; readonly ending: Ending }
  | { readonly kind: 'failed'; readonly failures: readonly TargetFailure[] };

async function askChain(request: ModelRequest, call: CallInHand, options: CompleteOptions): Promise<Round> {
  const { chain } = options;
  const failures: TargetFailure[] = [];
  /** Only a target with a larger context than this may be asked. */
  let tooSmall = 0;
  for (const [index, target] of chain.entries()) {
    if (tooSmall > 0 && (target.contextTokens ?? 0) <= tooSmall) continue;
    const fitted = options.fit(request, target);
    const end =
      fitted === undefined
        ? unasked(target, 'context_too_long')
        : await askTarget({ index, target, request: fitted.request }, call, options);
    switch (end.kind) {
      case 'delivered':
        return { kind: 'ended', ending: delivered(end.answer, target, fitted?.leftOut) };
      case 'budget': {
        const { error, retryAfterMs } = end;
        return { kind: 'ended', ending: { kind: 'rejected', error, origin: 'gateway', retryAfterMs } };
      }
      case 'left':
        failures.push(end.failure);
        if (end.fallback === 'none') return { kind: 'failed', failures };
        if (end.fallback === 'larger_context') tooSmall = target.contextTokens ?? Infinity;
    }
  }
  return { kind: 'failed', failures };
}

interface Position {
  readonly index: number;
  readonly target: ReadyTarget;
  readonly request: ModelRequest;
}

function askTarget(
  { index, target, request }: Position,
  call: CallInHand,
  options: CompleteOptions,
): TargetEnd | Promise<TargetEnd> {
  const behind = options.chain.length - index - 1;
  const { leftMs } = call.deadline;
  if (attemptBudget({ leftMs, behind, minUsefulMs: options.times.minUseful }) === undefined)
    return unasked(target, 'no_time');
  const kind = index === 0 ? 'first' : 'fallback';
  return answerFrom({ target, request, kind, behind }, call, options);
}

const unasked = (target: Target, reason: 'no_time' | 'context_too_long'): TargetEnd => ({
  kind: 'left',
  failure: { target: targetName(target), reason, status: undefined, attempts: 0, retryAfterMs: undefined },
  fallback: reason === 'no_time' ? 'any' : 'larger_context',
});

function delivered(answer: ModelAnswer, { provider, model }: Target, leftOut: LeftOut | undefined): Ending {
  const rest = { answer, target: { provider, model }, leftOut };
  switch (answer.finish) {
    case 'stop':
    case 'tool_calls':
      return { kind: 'completed', ...rest };
    case 'refused':
    case 'truncated':
      return { kind: answer.finish, ...rest };
  }
}

const WAITED_FOR: ReadonlySet<TargetFailure['reason']> = new Set([
  'circuit_open',
  'throttled',
  'exhausted',
  'masked',
]);

/** It could not be asked, and that passes. */
const isWaitedFor = ({ reason }: TargetFailure): boolean => WAITED_FOR.has(reason);

/** It would find the same again. */
const isForGood = ({ reason, attempts }: TargetFailure): boolean =>
  attempts > 0 &&
  (reason === 'schema_violation' ||
    (reason in VERDICTS && VERDICTS[reason as FaultClass].fallback !== 'any'));

const leastOf = (failures: readonly TargetFailure[]): number | undefined => {
  const hints = failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  return hints.length === 0 ? undefined : Math.min(...hints);
};
