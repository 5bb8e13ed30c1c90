import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Health } from './circuit.ts';
import { openingMs, Tally } from './rules.ts';

type Counted = Exclude<Health, 'unknown'>;
const RULES = { failures: 5, share: { atLeast: 0.5, calls: 20, withinMs: 30_000 } };
const HEALTHS: Readonly<Record<string, Counted>> = { g: 'good', b: 'bad', s: 'slow' };

/** The number of the call that opens the circuit, one call every `everyMs`; undefined: none does. */
function opensAt(calls: string, everyMs = 100): number | undefined {
  const tally = new Tally(RULES);
  const at = Array.from(calls).findIndex((letter, index) =>
    tally.count(HEALTHS[letter] ?? 'good', index * everyMs),
  );
  return at < 0 ? undefined : at + 1;
}

const CASES: readonly (readonly [string, string, number | undefined, number?])[] = [
  ['five failures in a row open', 'bbbbb', 5],
  ['four failures in a row do not', 'bbbb', undefined],
  ['a success between them begins the row anew', 'bbbbgbbbb', undefined],
  ['the row does not care how long it takes', 'bbbbb', 5, 60_000],
  ['slow calls count half of a row', 'ssssssssss', 10],
  ['a slow call is no success between failures', 'bbsbbb', 6],
  ['half of twenty calls open without a row', 'gb'.repeat(10), 20],
  ['half of nineteen calls do not', `${'gb'.repeat(9)}g`, undefined],
  ['less than half does not', 'gbg'.repeat(20), undefined],
  ['slow calls count half of a share', 'gs'.repeat(30), undefined],
  ['slow calls among failures count for the share', 'gbbs'.repeat(5), 20],
  ['calls older than the window do not count', 'gb'.repeat(15), undefined, 3_000],
  ['a success never opens', `${'bbbbg'.repeat(3)}bbbgg`, undefined],
];
for (const [name, calls, expected, everyMs] of CASES)
  test(name, () => assert.equal(opensAt(calls, everyMs), expected));

test('whatever the calls, a circuit opens exactly at the first failure that fulfils one of the rules', () => {
  const call = fc.record({
    health: fc.constantFrom<Counted>('good', 'bad', 'slow'),
    afterMs: fc.integer({ min: 0, max: 900 }),
  });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const tally = new Tally({ ...RULES, share: { ...RULES.share, withinMs: 1_000_000 } });
      let now = 0;
      let row = 0;
      let failed = 0;
      for (const [index, { health, afterMs }] of calls.entries()) {
        now += afterMs;
        const weight = { good: 0, slow: 0.5, bad: 1 }[health];
        row = health === 'good' ? 0 : row + weight;
        failed += weight;
        const opens = weight > 0 && (row >= 5 || (index + 1 >= 20 && failed / (index + 1) >= 0.5));
        assert.equal(tally.count(health, now), opens);
        if (opens) return;
      }
    }),
  );
});

test('a circuit stays open for its time, spread by a tenth to both sides', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((random) => Math.round(openingMs(60_000, random))),
    [54_000, 60_000, 66_000],
  );
});
