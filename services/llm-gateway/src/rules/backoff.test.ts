import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Retry } from './backoff.ts';
import { retryDelay } from './backoff.ts';
import { VERDICTS } from './classify.ts';

const retry = (more: Partial<Retry>): Retry => ({
  rule: { maxRetries: 3, baseMs: 200 },
  verdict: VERDICTS.server_error,
  done: 0,
  hintMs: undefined,
  leftMs: 120_000,
  random: () => 0.5,
  ...more,
});

test('waits lie anywhere between nothing and a bound that doubles with each retry', () => {
  assert.deepEqual(
    [0, 1, 2].map((done) => retryDelay(retry({ done }))),
    [100, 200, 400],
  );
  assert.equal(retryDelay(retry({ random: () => 0 })), 0);
});

test('no wait of our own choice is longer than eight seconds', () => {
  const rule = { maxRetries: 100, baseMs: 200 };
  assert.equal(retryDelay(retry({ rule, done: 50, random: () => 0.999_999 }))?.toFixed(0), '8000');
});

test('as many retries are made as the settings allow, and one or none where the fault asks for that', () => {
  assert.notEqual(retryDelay(retry({ done: 2 })), undefined);
  assert.equal(retryDelay(retry({ done: 3 })), undefined);
  assert.notEqual(retryDelay(retry({ verdict: VERDICTS.cut })), undefined);
  assert.equal(retryDelay(retry({ verdict: VERDICTS.cut, done: 1 })), undefined);
  assert.equal(retryDelay(retry({ verdict: VERDICTS.no_content })), undefined);
  assert.equal(retryDelay(retry({ rule: { maxRetries: 0, baseMs: 1 }, verdict: VERDICTS.cut })), undefined);
});

test('whatever the numbers, a wait is never shorter than the hint, never as long as the time that is left, never negative', () => {
  const numbers = fc.record({
    done: fc.nat(5),
    hintMs: fc.option(fc.nat(200_000), { nil: undefined }),
    leftMs: fc.nat(200_000),
    random: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
  });
  fc.assert(
    fc.property(numbers, ({ random, ...more }) => {
      const delay = retryDelay(retry({ ...more, random: () => random }));
      if (delay === undefined) return;
      assert.ok(delay >= (more.hintMs ?? 0));
      assert.ok(delay >= 0 && delay < more.leftMs);
    }),
  );
});

test('a hint that does not fit into the time that is left is not slept on', () => {
  assert.equal(retryDelay(retry({ hintMs: 90_000, leftMs: 60_000 })), undefined);
});
