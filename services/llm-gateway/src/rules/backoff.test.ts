import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Backoff } from './backoff.ts';
import { backoff } from './backoff.ts';

const after = (more: Partial<Backoff>): number =>
  backoff({
    rule: { maxRetries: 3, baseMs: 200, maxMs: 8_000 },
    done: 0,
    hintMs: undefined,
    random: () => 0.5,
    ...more,
  });

test('waits lie anywhere between nothing and a bound that doubles with each retry', () => {
  assert.deepEqual(
    [0, 1, 2].map((done) => after({ done })),
    [100, 200, 400],
  );
  assert.equal(after({ random: () => 0 }), 0);
});

test('no wait of our own choice is longer than the bound', () => {
  assert.equal(after({ done: 50, random: () => 0.999_999 }).toFixed(0), '8000');
});

test('whatever the numbers, a wait is never shorter than the hint and exceeds a longer one by a tenth at most', () => {
  const numbers = fc.record({
    done: fc.nat(20),
    hintMs: fc.nat(200_000),
    random: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
  });
  fc.assert(
    fc.property(numbers, ({ random, ...more }) => {
      const wait = after({ ...more, random: () => random });
      assert.ok(wait >= more.hintMs);
      assert.ok(wait <= Math.max(8_000, more.hintMs * 1.1));
    }),
  );
});
