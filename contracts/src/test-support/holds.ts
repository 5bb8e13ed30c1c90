// Randomness of these tests: one seed, told by each test that uses it. TROUPE_SEED=<seed> repeats a run.
import type { TestContext } from 'node:test';
import fc from 'fast-check';

// eslint-disable-next-line no-restricted-properties -- a test's own switch, not configuration of the program
const seed = Number(process.env['TROUPE_SEED'] ?? Date.now() % 2 ** 31);

/** Fails with a smallest counterexample unless `property` holds for 300 random inputs. */
export function holds<T>(t: TestContext, property: fc.IPropertyWithHooks<T>): void {
  t.diagnostic(`TROUPE_SEED=${seed}`);
  fc.assert(property, { seed, numRuns: 300 });
}
