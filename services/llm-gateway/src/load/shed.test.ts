import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Load, ShedReason } from './shed.ts';
import { PULL_AHEAD, shedReason, waitMs, withSample } from './shed.ts';

const load: Load = { calls: 10, waiting: 100, ahead: 99, serviceMs: 1_000 };

const CASES: readonly { says: string; load: Load; leftMs: number; reason: ShedReason | undefined }[] = [
  { says: 'waits where the wait and a call fit exactly', load, leftMs: 11_000, reason: undefined },
  { says: 'is shed where they do not', load, leftMs: 10_999, reason: 'no_time' },
  {
    says: 'waits if those who wait come later',
    load: { ...load, ahead: 0 },
    leftMs: 1_100,
    reason: undefined,
  },
  {
    says: 'waits while nothing is known of the target',
    load: { ...load, serviceMs: undefined },
    leftMs: 1,
    reason: undefined,
  },
  {
    says: 'is shed where too many wait',
    load: { ...load, waiting: PULL_AHEAD, ahead: 0 },
    leftMs: 60_000,
    reason: 'full',
  },
  {
    says: 'waits as the last that may',
    load: { ...load, waiting: PULL_AHEAD - 1, ahead: 0 },
    leftMs: 60_000,
    reason: undefined,
  },
];

for (const { says, load, leftMs, reason } of CASES)
  test(`a call without a place ${says}`, () => assert.equal(shedReason(load, leftMs), reason));

test('the wait is the share of those ahead in what the places give out', () => {
  assert.equal(waitMs({ calls: 4, waiting: 9, ahead: 7, serviceMs: 500 }), 1_000);
  assert.equal(waitMs({ calls: 4, waiting: 9, ahead: 7, serviceMs: undefined }), 0);
});

test('the mean service time begins at the first sample and stays among the samples', () => {
  assert.equal(withSample(undefined, 700), 700);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1 }), (samples) => {
      const mean = samples.reduce<number | undefined>(withSample, undefined) ?? -1;
      assert.ok(mean >= Math.min(...samples) - 1e-6 && mean <= Math.max(...samples) + 1e-6);
    }),
  );
});
