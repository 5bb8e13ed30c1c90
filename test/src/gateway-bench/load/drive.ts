// Keeps calls in flight, each slot one behind the other, whatever a call is.
import { percentile } from '../../bench/statistics.ts';
import type { Driven } from './commands.ts';

/** Makes one call; rejects unless the right answer came. */
export type Call = () => Promise<void>;

export async function drive(
  call: Call,
  { concurrency, seconds }: { readonly concurrency: number; readonly seconds: number },
): Promise<Driven> {
  const tookMs: number[] = [];
  const startedAt = performance.now();
  const stopAt = startedAt + seconds * 1_000;
  const keepCalling = async (): Promise<void> => {
    do {
      const calledAt = performance.now();
      await call();
      tookMs.push(performance.now() - calledAt);
    } while (performance.now() < stopAt);
  };
  await Promise.all(Array.from({ length: concurrency }, keepCalling));
  const took = (performance.now() - startedAt) / 1_000;
  tookMs.sort((a, b) => a - b);
  return {
    calls: tookMs.length,
    seconds: took,
    p50Ms: percentile(tookMs, 0.5),
    p99Ms: percentile(tookMs, 0.99),
  };
}
