// What the bench asks of its load generator, over core NATS: one order at a time, answered when it is done.
import type { Path } from '../paths.ts';

/** Whose all the calls are. */
export const BENCH_USER = 'bench';

/** Keep `concurrency` calls by `path` in flight for `seconds`, then let the last ones end. */
export interface Order {
  readonly path: Path;
  readonly concurrency: number;
  readonly seconds: number;
}

export interface Driven {
  /** All of them were answered, and with the right words: anything else is an error. */
  readonly calls: number;
  /** From the first call to the last answer. */
  readonly seconds: number;
  /** Until the whole answer was there. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}
