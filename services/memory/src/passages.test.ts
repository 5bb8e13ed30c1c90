import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { passages } from './passages.ts';

const sentence = (n: number, length = 40): string => `${`Sentence ${n} `.padEnd(length - 2, 'x')}. `;

test('a short text is its own only passage', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 50 }), (text) => {
      assert.deepEqual(passages(text, { most: 50, overlap: 10 }), [text]);
    }),
  );
});

test('a passage ends where a sentence does, and the next begins with that sentence', () => {
  const text = [1, 2, 3, 4, 5].map((n) => sentence(n)).join('');
  assert.deepEqual(passages(text, { most: 100, overlap: 50 }), [
    sentence(1) + sentence(2),
    sentence(2) + sentence(3),
    sentence(3) + sentence(4),
    sentence(4) + sentence(5),
  ]);
});

test('a long last sentence is not said again', () => {
  const text = [1, 2, 3].map((n) => sentence(n, 60)).join('');
  assert.deepEqual(passages(text, { most: 100, overlap: 50 }), [
    sentence(1, 60),
    sentence(2, 60),
    sentence(3, 60),
  ]);
});

test('numbers and addresses are no ends of sentences; lines, quotes and other scripts’ full stops are', () => {
  const cut = (text: string): string[] => passages(text, { most: 16, overlap: 0 });
  assert.deepEqual(cut('It is 3.14 or so. Yes.'), ['It is 3.14 or ', 'so. Yes.']);
  assert.deepEqual(cut('He said "no." Then left.'), ['He said "no." ', 'Then left.']);
  assert.deepEqual(cut('- first line\n- second line'), ['- first line\n', '- second line']);
  assert.deepEqual(cut('これは一つ目の文です。これは二つ目です。'), [
    'これは一つ目の文です。',
    'これは二つ目です。',
  ]);
});

test('nothing is lost, no passage is too long or blank, and no character is cut through', () => {
  const words = fc.array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('. ', ' ', '\n', '😀', '。')),
  );
  fc.assert(
    fc.property(words, fc.integer({ min: 10, max: 60 }), (parts, most) => {
      const text = parts.join('').toWellFormed();
      const found = passages(text, { most, overlap: 0 });
      assert.equal(found.join('').replace(/\s/gu, ''), text.replace(/\s/gu, ''));
      for (const one of found) assert.ok(one.length <= most && one.isWellFormed());
      if (text.length > most) for (const one of found) assert.notEqual(one.trim(), '');
    }),
  );
});
