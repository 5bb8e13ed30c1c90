import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TerminalError } from '@troupe/shared';
import { outcomeText, rememberedText } from './memory-text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 6_000, size: 'max' });

test('what a run leaves says its goal and its answer', () => {
  assert.equal(outcomeText('Read the total', 'It is 42.'), 'Goal: Read the total\nAnswer: It is 42.');
});

test('a long goal leaves room for the answer', () => {
  const text = outcomeText('g'.repeat(8_000), 'It is 42.');
  assert.match(text, /^Goal: g+…\nAnswer: It is 42\.$/);
});

test('whatever goal and answer are, the text keeps to the limit of a snippet and is well-formed Unicode', () => {
  fc.assert(
    fc.property(anyText, anyText, (goal, answer) => {
      const text = outcomeText(goal, answer);
      assert.ok(text.length <= 4_000);
      assert.ok(text.isWellFormed());
    }),
    { numRuns: 50 },
  );
});

test('a text that ends in the middle of a character at the limit loses the whole character', () => {
  const text = outcomeText('', '😀'.repeat(4_000));
  assert.match(text, /^Goal: \nAnswer: (😀)+…$/u);
});

test('what remember was told is read from its output', () => {
  assert.equal(rememberedText('{"remembered":true,"text":" tea, no milk "}'), 'tea, no milk');
});

test('an output of remember without a text is refused for good', () => {
  for (const output of ['', 'tea', '{}', '{"text":""}', '{"text":7}']) {
    assert.throws(
      () => rememberedText(output),
      (error) => error instanceof TerminalError && error.failure.code === 'remember_unreadable',
    );
  }
});
