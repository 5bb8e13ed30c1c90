import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { batches, OPENAI_BATCH } from './batches.ts';

test('no text is lost or moved, and every batch of several texts is within both bounds', () => {
  const limits = { texts: 5, bytes: 60 };
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' })), (texts) => {
      const portions = batches(texts, limits);
      assert.deepEqual(portions.flat(), texts);
      for (const portion of portions) {
        assert.ok(portion.length >= 1 && portion.length <= 5);
        assert.ok(portion.length === 1 || Buffer.byteLength(portion.join('')) <= 60);
      }
    }),
  );
});

test('a text joins the batch before it wherever there is room, so that there are no more calls than needed', () => {
  assert.deepEqual(batches(['aaa', 'bbb', 'c'], { texts: 9, bytes: 6 }), [['aaa', 'bbb'], ['c']]);
  assert.deepEqual(batches(['a', 'b', 'c'], { texts: 2, bytes: 6 }), [['a', 'b'], ['c']]);
});

test('a single text above the bound is a batch of its own', () => {
  const long = 'x'.repeat(400_000);
  assert.deepEqual(batches(['a', long, 'b'], OPENAI_BATCH), [['a'], [long], ['b']]);
});

test('a script with several bytes per character is counted by what it may take', () => {
  const text = '語'.repeat(32_000);
  assert.deepEqual(
    batches([text, text, text, text], OPENAI_BATCH).map(({ length }) => length),
    [3, 1],
  );
});
