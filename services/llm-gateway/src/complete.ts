// A whole model turn from whichever target gives one: round after round through the chain (ask-chain.ts), within one deadline. A broken or
// silent answer is begun anew elsewhere, since nothing of it counts before it is whole; what the caller did wrong is not repeated.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '@troupe/contracts';
import type { Logger } from '@troupe/shared';
import { attemptsLeft } from './answer-from.ts';
import type { ChainOptions, LeftOut, Round } from './ask-chain.ts';
import { askChain, mayAsk, nothingFound } from './ask-chain.ts';
import type { CallInHand, LiveSink } from './ask-model.ts';
import { Spent, tookInAll } from './ask-model.ts';
import type { CallIdentity } from './call-identity.ts';
import type { ModelAnswer, ModelRequest } from './generation.ts';
import { afterHint } from './rules/backoff.ts';
import { Deadline, leftOnArrival } from './rules/deadline.ts';
import type { TargetFailure } from './rules/failure.ts';
import { failureOf, runOverOf } from './rules/failure.ts';
import type { Target } from './rules/targets.ts';

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
  /** Provider calls that were made, also by others who handled the request before, and what they cost; null where nobody knows of one. */
  readonly attempts: number;
  readonly costNanoUsd: number | null;
};

type Ending = Completion extends infer C
  ? C extends unknown
    ? Omit<C, 'attempts' | 'costNanoUsd'>
    : never
  : never;

export interface CompleteOptions extends ChainOptions {
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
    const leftMs = leftOnArrival(times.turn, deadlineAt, now());
    const deadline = new Deadline(leftMs, monotonic);
    const spent = new Spent();
    const call: CallInHand = { identity, deadline, signal, logger, live, spent };
    const ended = await askUntilEnded(request, call, options);
    const runIsOver = leftMs < times.turn && deadline.leftMs < AT_THE_END_MS;
    const ending = runIsOver && ended.kind === 'rejected' ? outOfTime(ended) : ended;
    options.onOverhead((monotonic() - startedAt - spent.providerMs) / 1_000);
    return { ...ending, ...(await tookInAll(call, options.accounts)) };
  };
}

/** Timers are as exact as this. */
const AT_THE_END_MS = 20;

/** As the planner says it, whose timer for the same moment may come later. */
const outOfTime = (rejected: Extract<Ending, { kind: 'rejected' }>): Ending => ({
  ...rejected,
  error: runOverOf(rejected.error),
  retryAfterMs: undefined,
});

/** Goes through the chain; where no target can be asked now but one can be in time, waits for it and goes through it again. */
async function askUntilEnded(
  request: ModelRequest,
  call: CallInHand,
  options: CompleteOptions,
): Promise<Ending> {
  const findings = nothingFound();
  for (;;) {
    const round = await askChain({ request, findings }, call, options);
    if (round.kind === 'delivered') return endingOf(round);
    if (round.kind === 'budget') {
      const { error, retryAfterMs } = round;
      return { kind: 'rejected', error, origin: 'gateway', retryAfterMs };
    }
    const failures = [...round.failures].flatMap(([target, failure]) =>
      mayAsk(target, findings) ? [failure] : [],
    );
    const retryAfterMs = leastOf(failures);
    const mayWait = attemptsLeft(call, 0) > 0 && !round.isLast && failures.some(isWaitedFor);
    const waitMs =
      mayWait && retryAfterMs !== undefined ? afterHint(retryAfterMs, options.rules.random) : Infinity;
    if (waitMs > call.deadline.leftMs - options.times.minUseful) {
      const origin = call.spent.attempts > 0 ? 'provider' : 'gateway';
      return { kind: 'rejected', error: failureOf([...findings.told.values()]), origin, retryAfterMs };
    }
    // Something else may be said about it by then, even where it was said to be over at once.
    await sleep(Math.max(waitMs, options.rules.retry.baseMs), undefined, { signal: call.signal }).catch(() =>
      call.signal.throwIfAborted(),
    );
  }
}

function endingOf({ answer, target, leftOut }: Extract<Round, { kind: 'delivered' }>): Ending {
  const { provider, model } = target;
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

const leastOf = (failures: readonly TargetFailure[]): number | undefined => {
  const hints = failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  return hints.length === 0 ? undefined : Math.min(...hints);
};
