import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LoadReport } from './limit.ts';
import { adapted, limitOf } from './limit.ts';

const good = { signal: 'good', round: 0, full: true } as const;
const throttled = { signal: 'throttled', round: 0, full: true } as const;
const after = (cap: number, reports: readonly LoadReport[]) => reports.reduce(adapted, limitOf(cap));

const CASES: readonly { says: string; cap: number; reports: readonly LoadReport[]; calls: number }[] = [
  { says: 'it begins at the cap', cap: 64, reports: [], calls: 64 },
  { says: 'the cap is never exceeded', cap: 3, reports: [good, good, good, good], calls: 3 },
  { says: 'a refusal halves it', cap: 64, reports: [throttled], calls: 32 },
  {
    says: 'refusals of one round count once',
    cap: 64,
    reports: [throttled, throttled, throttled],
    calls: 32,
  },
  {
    says: 'a refusal of the next round halves it again',
    cap: 64,
    reports: [throttled, { ...throttled, round: 1 }],
    calls: 16,
  },
  {
    says: 'two calls at once always remain',
    cap: 4,
    reports: [0, 1, 2, 3].map((round) => ({ ...throttled, round })),
    calls: 2,
  },
  { says: 'a cap of one is one', cap: 1, reports: [throttled, { ...good, round: 1 }], calls: 1 },
  {
    says: 'as many good calls as places add one',
    cap: 8,
    reports: [throttled, good, good, good, good],
    calls: 5,
  },
  { says: 'one good call less adds none', cap: 8, reports: [throttled, good, good, good], calls: 4 },
  {
    says: 'good calls of a target that is not full say nothing',
    cap: 8,
    reports: [throttled, ...Array.from({ length: 9 }, () => ({ ...good, full: false }))],
    calls: 4,
  },
  { says: 'other ends say nothing', cap: 8, reports: [{ ...good, signal: 'none' }], calls: 8 },
];

for (const { says, cap, reports, calls } of CASES)
  test(`calls at once: ${says}`, () => assert.equal(after(cap, reports).calls, calls));

test('whatever is reported, the limit stays between its floor and the cap', () => {
  const report = fc.record({
    signal: fc.constantFrom('good' as const, 'throttled' as const, 'none' as const),
    round: fc.nat(50),
    full: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(report, { maxLength: 300 }), (cap, reports) => {
      const { calls } = after(cap, reports);
      assert.ok(calls >= Math.min(2, cap) && calls <= cap);
    }),
  );
});
