import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { attemptBudget, Deadline, leftOnArrival, longestWait } from './deadline.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');

test('a call has its turn, or less where its run ends sooner', () => {
  assert.equal(leftOnArrival(120_000, undefined, NOW), 120_000);
  assert.equal(leftOnArrival(120_000, '2026-11-22T12:30:00.000Z', NOW), 120_000);
  assert.equal(leftOnArrival(120_000, '2026-11-22T12:00:20.000Z', NOW), 20_000);
  assert.equal(leftOnArrival(120_000, '2026-11-22T11:59:00.000Z', NOW), 0);
});

test('only time that passed counts, and none is left behind the end', () => {
  let now = 5_000;
  const deadline = new Deadline(1_000, () => now);
  assert.equal(deadline.leftMs, 1_000);
  now += 400;
  assert.equal(deadline.leftMs, 600);
  now += 10_000;
  assert.equal(deadline.leftMs, 0);
});

/** Time left, targets behind: what an attempt may take. A target needs 2 s to be of use. */
const BUDGETS: readonly (readonly [number, number, number | undefined])[] = [
  [120_000, 0, 120_000],
  [120_000, 1, 118_000],
  [120_000, 3, 114_000],
  [4_000, 1, 2_000],
  // Too little for both: it is the other one's.
  [3_999, 1, undefined],
  // The last one gets whatever is left.
  [500, 0, 500],
  [0, 0, undefined],
];

for (const [leftMs, behind, budget] of BUDGETS)
  test(`with ${leftMs} ms left and ${behind} targets behind, an attempt may take ${budget} ms`, () => {
    assert.equal(attemptBudget({ leftMs, behind, minUsefulMs: 2_000 }), budget);
  });

test('whatever is left, an attempt leaves every target behind it its time, and a wait leaves the attempt its own', () => {
  const split = fc.record({
    leftMs: fc.nat(200_000),
    behind: fc.nat(4),
    minUsefulMs: fc.integer({ min: 1, max: 5_000 }),
  });
  fc.assert(
    fc.property(split, (given) => {
      const reserved = given.behind * given.minUsefulMs;
      const budget = attemptBudget(given);
      if (budget !== undefined) assert.ok(budget > 0 && budget + reserved <= given.leftMs);
      assert.ok(longestWait(given) + reserved + given.minUsefulMs <= given.leftMs);
    }),
  );
});
