import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaled, TIMES } from './times.ts';

test('a factor changes every time, and the order among them not', () => {
  const quick = scaled(TIMES, 0.05);
  assert.deepEqual(Object.keys(quick), Object.keys(TIMES));
  assert.equal(quick.turn, 6_000);
  assert.equal(quick.minUseful, 100);
  assert.deepEqual(scaled(TIMES, 1), TIMES);
});
