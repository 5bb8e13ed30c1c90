import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batches } from './batches.ts';

test('no text is lost or moved, and no batch of several texts is above the bound', () => {
  const texts = Array.from({ length: 60 }, (_, i) => String(i).padEnd((i * 7_919) % 32_000, '.'));
  const portions = batches(texts);
  assert.deepEqual(portions.flat(), texts);
  for (const portion of portions) assert.ok(portion.join('').length <= 250_000);
  assert.ok(portions.length < 10);
});

test('a single text above the bound is a batch of its own', () => {
  const long = 'x'.repeat(300_000);
  assert.deepEqual(batches(['a', long, 'b']), [['a'], [long], ['b']]);
});
