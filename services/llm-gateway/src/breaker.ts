// A circuit breaker per target: after a number of failures in a row the target is left alone for a while, then asked by one
// call whether it is well again. A probe that says nothing about the target's health (the caller left, the quota was used
// up) decides nothing: the circuit stays open and the next call probes anew.
import {
  BrokenCircuitError,
  CircuitState,
  circuitBreaker,
  ConsecutiveBreaker,
  handleWhenResult,
  type IBackoff,
  type IBackoffFactory,
  type IHalfOpenAfterBackoffContext,
} from 'cockatiel';

export type Health = 'good' | 'bad' | 'unknown';

export interface Breaker {
  /** Runs `work` and counts its result; undefined, without running it, while the circuit is open or being probed. */
  run<T>(work: () => Promise<T>, healthOf: (result: T) => Health): Promise<T | undefined>;
}

export interface BreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failures: number;
  readonly openForMs: number;
  readonly onChange: (state: 'open' | 'half_open' | 'closed') => void;
}

export function createBreaker({ failures, openForMs, onChange }: BreakerOptions): Breaker {
  const policy = circuitBreaker(handleWhenResult(isFailure), {
    breaker: new ConsecutiveBreaker(failures),
    halfOpenAfter: openFor(openForMs),
  });
  policy.onBreak(() => onChange('open'));
  policy.onHalfOpen(() => onChange('half_open'));
  policy.onReset(() => onChange('closed'));
  return {
    async run<T>(work: () => Promise<T>, healthOf: (result: T) => Health) {
      // cockatiel would let this call wait for the probe's end, however long that takes.
      if (policy.state === CircuitState.HalfOpen) return undefined;
      const judged = policy.execute(async () => {
        const isProbe = policy.state === CircuitState.HalfOpen;
        const result = await work();
        const health = healthOf(result);
        return new Judged(result, health === 'bad' || (isProbe && health === 'unknown'), health);
      });
      return judged.then(
        ({ result }) => result,
        (error: unknown) => {
          if (error instanceof BrokenCircuitError) return undefined;
          throw error;
        },
      );
    },
  };
}

class Judged<T> {
  readonly result: T;
  readonly failed: boolean;
  readonly health: Health;
  constructor(result: T, failed: boolean, health: Health) {
    this.result = result;
    this.failed = failed;
    this.health = health;
  }
}

const isFailure = (value: unknown): boolean => value instanceof Judged && value.failed;

function openFor(ms: number): IBackoffFactory<IHalfOpenAfterBackoffContext> {
  const next = ({ result }: IHalfOpenAfterBackoffContext): IBackoff<IHalfOpenAfterBackoffContext> => {
    const decidesNothing =
      'value' in result && result.value instanceof Judged && result.value.health === 'unknown';
    return { duration: decidesNothing ? 0 : ms, next };
  };
  return { next };
}
