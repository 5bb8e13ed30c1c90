import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Timer } from '../timer.ts';
import { lexicalEmbedder, lexicalVector } from './lexical.ts';

const cosine = (a: string, b: string): number => {
  const [x, y] = [lexicalVector(a), lexicalVector(b)];
  return x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
};

test('every text has a vector of 384 numbers and length 1, and always the same', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (text) => {
      const vector = lexicalVector(text);
      assert.equal(vector.length, 384);
      assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-9);
      assert.deepEqual(lexicalVector(text), vector);
    }),
  );
});

test('the vector of a text is fixed for ever, since stored vectors are compared with it', () => {
  const parts = lexicalVector('Über NATS').flatMap((value, i) =>
    value === 0 ? [] : [`${i}:${value.toFixed(3)}`],
  );
  assert.equal(parts.join(' '), '2:-0.316 147:-0.158 184:0.158 289:-0.632 322:-0.158 340:-0.158 373:0.632');
});

test('texts that share words are nearer than texts that do not, whatever their case', () => {
  const text = 'The invoice of March is paid by bank transfer';
  assert.ok(cosine(text, 'when was the March invoice paid?') > 0.3);
  assert.ok(cosine(text, 'my dog likes long walks') < 0.15);
  assert.ok(cosine(text, text.toUpperCase()) > 0.999);
});

test('inflected words are near their stem', () => {
  assert.ok(cosine('shipping', 'shipped') > cosine('shipping', 'invoice') + 0.1);
});

test('vectors come in the order of the texts, and the model is named what it is', async () => {
  using time = new Timer(5_000);
  const vectors = await lexicalEmbedder.embed(['one', 'two'], time);
  assert.deepEqual(vectors, [lexicalVector('one'), lexicalVector('two')]);
  assert.deepEqual([lexicalEmbedder.model, lexicalEmbedder.dimensions], ['lexical-384', 384]);
});
