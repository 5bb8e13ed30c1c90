// A whole model turn from whichever target gives one: target after target, within one bounded time. A broken or silent
// answer is begun anew elsewhere, since nothing of it was shown to anybody; what the caller did wrong is not repeated.
import type { Failure } from '@troupe/contracts';
import type { Logger } from '@troupe/shared';
import type { Breaker } from './breaker.ts';
import type { Called, CallRules } from './call-target.ts';
import { callTarget } from './call-target.ts';
import type { ModelAnswer, ModelRequest, Provider } from './generation.ts';
import type { Observers } from './observe-call.ts';
import { observeTurn } from './observe-call.ts';
import { VERDICTS } from './rules/classify.ts';
import { failureOf } from './rules/failure.ts';
import type { TargetFailure } from './rules/failure.ts';
import type { Target } from './rules/targets.ts';
import { targetName } from './rules/targets.ts';
import { Timer } from './timer.ts';

export interface ReadyTarget extends Target {
  readonly client: Provider;
  readonly breaker: Breaker;
}

export type Completion =
  | {
      readonly kind: 'answered';
      readonly answer: ModelAnswer;
      readonly target: Target;
      readonly attempts: number;
    }
  | { readonly kind: 'failed'; readonly error: Failure; readonly attempts: number };

export interface CompleteOptions {
  readonly chain: readonly ReadyTarget[];
  readonly rules: CallRules;
  /** Bounds one turn, over all targets, attempts and waits. */
  readonly budgetMs: number;
  readonly observers: Observers;
}

/** Rejects with the signal's reason when it aborts; every other end is a completion. */
export type Complete = (
  request: ModelRequest,
  context: { readonly signal: AbortSignal; readonly logger: Logger },
) => Promise<Completion>;

export function createComplete({ chain, rules, budgetMs, observers }: CompleteOptions): Complete {
  return async (request, { signal, logger }) => {
    using budget = new Timer(budgetMs, signal);
    const failures: TargetFailure[] = [];
    let attempts = 0;
    for (const [index, target] of chain.entries()) {
      const name = targetName(target);
      const called: Called<ModelAnswer> = await callTarget(
        {
          breaker: target.breaker,
          work: (progress) => target.client.generate(target.model, request, progress),
          signal: budget.signal,
          // A wait must leave the targets behind this one their share of the time.
          leftMs: () => budget.leftMs / (chain.length - index),
          observed: observeTurn(observers, { target, request, outOfTime: () => budget.expired }),
          onFailure: (failed) => logger.warn({ target: name, ...failed }, 'provider call failed'),
        },
        rules,
      );
      attempts += called.attempts;
      if (called.kind === 'answered') return { kind: 'answered', answer: called.value, target, attempts };
      if (called.kind === 'abandoned') {
        signal.throwIfAborted();
        failures.push({ target: name, reason: 'out_of_time', status: undefined, attempts: called.attempts });
        break;
      }
      failures.push({ target: name, ...called });
      if (called.reason !== 'circuit_open' && !VERDICTS[called.reason].fallback) break;
    }
    return { kind: 'failed', error: failureOf(failures), attempts };
  };
}
