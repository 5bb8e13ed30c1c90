import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TerminalError } from '@troupe/shared';
import { outcomeTexts, rememberedText } from './memory-text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 6_000, size: 'max' });

test('what a run leaves says its goal and its answer', () => {
  assert.deepEqual(outcomeTexts('Read the total', 'It is 42.'), ['Goal: Read the total\nAnswer: It is 42.']);
});

test('a long goal leaves room for the answer', () => {
  const [text, ...others] = outcomeTexts('g'.repeat(8_000), 'It is 42.');
  assert.match(text ?? '', /^Goal: g+…\nAnswer: It is 42\.$/);
  assert.deepEqual(others, []);
});

test('a long answer leaves its passages, each with the goal, whole sentences, and the last sentence of the one before', () => {
  const sentences = Array.from({ length: 100 }, (_, i) => `This is sentence number ${i} of a long report.`);
  const texts = outcomeTexts('Write a report', sentences.join(' '));
  assert.ok(texts.length > 4);
  for (const [i, text] of texts.entries()) {
    assert.match(text, /^Goal: Write a report\nAnswer: This is sentence number \d+ .* report\.$/);
    const [last] = /sentence number \d+ of a long report\.$/.exec(texts[i - 1] ?? '') ?? [''];
    assert.ok(text.includes(last));
  }
  for (const one of sentences) assert.ok(texts.some((text) => text.includes(one)));
});

test('whatever goal and answer are, the texts keep to the limit of a snippet, are well-formed Unicode and no more than a few dozen', () => {
  fc.assert(
    fc.property(anyText, anyText, fc.integer({ min: 1, max: 30 }), (goal, answer, times) => {
      const texts = outcomeTexts(goal, answer.repeat(times));
      assert.ok(texts.length >= 1 && texts.length <= 70);
      for (const text of texts) assert.ok(text.length <= 4_000 && text.isWellFormed());
    }),
    { numRuns: 50 },
  );
});

test('an answer that is cut short in the middle of a character loses the whole character', () => {
  for (const text of outcomeTexts('', '😀'.repeat(20_000))) assert.match(text, /^Goal: \nAnswer: (😀)+…?$/u);
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
