// Randomness of the tests: one seed for all of them, told by each test that uses it. TROUPE_SEED=<seed> repeats a run.
import { randomInt } from 'node:crypto';
import type { TestContext } from 'node:test';
import fc from 'fast-check';

const seed = Number(process.env['TROUPE_SEED'] ?? randomInt(2 ** 31));

/** Fails with a smallest counterexample unless `property` holds for `numRuns` random inputs. */
export async function holds<T>(
  t: TestContext,
  property: fc.IAsyncPropertyWithHooks<T> | fc.IPropertyWithHooks<T>,
  numRuns: number,
): Promise<void> {
  t.diagnostic(`TROUPE_SEED=${seed}`);
  await fc.assert(property, { seed, numRuns });
}

/** Random numbers in [0, 1) from the seed, for what is no property: when to kill, what to lose. */
export function dice(t: TestContext): () => number {
  t.diagnostic(`TROUPE_SEED=${seed}`);
  return randomFrom(seed);
}

/** The same numbers in [0, 1) for the same seed. */
export function randomFrom(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
