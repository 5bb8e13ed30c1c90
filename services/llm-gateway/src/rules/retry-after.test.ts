import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from './retry-after.ts';

const NOW = Date.parse('2026-11-22T10:00:00Z');
const from = (headers: Record<string, string>): number | undefined =>
  retryAfterMs((name) => headers[name] ?? null, NOW);

test('a hint is read in milliseconds, in seconds or as a date, the finest first', () => {
  assert.equal(from({ 'retry-after-ms': '250', 'retry-after': '9' }), 250);
  assert.equal(from({ 'retry-after': '1.5' }), 1_500);
  assert.equal(from({ 'retry-after': 'Sun, 22 Nov 2026 10:00:07 GMT' }), 7_000);
});

test('a date that has passed means now', () => {
  assert.equal(from({ 'retry-after': 'Sun, 22 Nov 2026 09:00:00 GMT' }), 0);
});

test('what is no hint is none', () => {
  for (const text of ['', 'soon', '-5', 'NaN']) assert.equal(from({ 'retry-after': text }), undefined);
  assert.equal(from({}), undefined);
});
