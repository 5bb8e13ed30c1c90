import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { favourite } from './favourite.ts';

const idle = (...ids: string[]) => ids.map((id) => ({ id, inFlight: 0 }));
const affinities = Array.from({ length: 2_000 }, (_, number) => `workflow-${number}`);

test('the same affinity gets the same key, in whatever order the keys stand', () => {
  const ids = fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{8}$/), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(ids, fc.string(), (keys, affinity) => {
      assert.equal(
        favourite(idle(...keys), affinity, 8)?.id,
        favourite(idle(...keys.toReversed()), affinity, 8)?.id,
      );
    }),
  );
});

test('a key that goes moves only the affinities that were its own', () => {
  for (const affinity of affinities) {
    const before = favourite(idle('a', 'b', 'c', 'd'), affinity, 8)?.id;
    const after = favourite(idle('a', 'b', 'd'), affinity, 8)?.id;
    if (before !== 'c') assert.equal(after, before);
  }
});

test('affinities are spread evenly', () => {
  const counts = new Map<string, number>();
  for (const affinity of affinities) {
    const id = favourite(idle('a', 'b', 'c', 'd'), affinity, 8)?.id ?? '';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  assert.equal(counts.size, 4);
  for (const count of counts.values()) assert.ok(count > 400 && count < 600, String(count));
});

/** Calls in flight at the favourite and at the others; whether the call goes elsewhere. */
const SPILLS: readonly (readonly [string, number, readonly number[], boolean])[] = [
  ['few calls are never too many', 7, [0, 0], false],
  ['twice as many as the others have', 8, [4, 4], true],
  ['less than twice', 8, [5, 4], false],
  ['against one other', 20, [10], true],
  ['all are busy', 100, [100, 100, 100], false],
];
for (const [name, busy, others, spills] of SPILLS) {
  test(`a call leaves its favourite for the least busy key when that has twice the mean of the others: ${name}`, () => {
    const ids = ['a', 'b', 'c', 'd'].slice(0, others.length + 1);
    const first = favourite(idle(...ids), 'some-workflow', 8)?.id;
    const rest = [...others];
    const candidates = ids.map((id) => ({ id, inFlight: id === first ? busy : (rest.shift() ?? 0) }));
    const chosen = favourite(candidates, 'some-workflow', 8);
    assert.equal(chosen?.id !== first, spills);
    if (spills) assert.equal(chosen?.inFlight, Math.min(...others));
  });
}

test('of no key none is the favourite', () => {
  assert.equal(favourite(idle(), 'any', 8), undefined);
});
