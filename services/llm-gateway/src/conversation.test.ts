import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokenChain, answerIn, historyOf } from './conversation.ts';
import { completedOf, logOf, requestOf } from './test-support/events.ts';

const texts = (entries: ReturnType<typeof historyOf>): string[] =>
  entries.map((entry) => {
    if (entry.kind === 'turn') return `model: ${entry.turn.text ?? ''}`;
    return 'text' in entry.message.content ? `${entry.message.role}: ${entry.message.content.text}` : '';
  });

test('the first request of a run has no history', () => {
  const first = requestOf({ turn: 1, says: 'hello' });
  assert.deepEqual(historyOf(first, logOf(first)), []);
});

test('a request continues what its predecessors asked and were answered, oldest first', () => {
  const first = requestOf({ turn: 1, says: 'one' });
  const second = requestOf({ turn: 2, says: 'two', continues: first.id });
  const third = requestOf({ turn: 3, says: 'three', continues: second.id });
  const log = logOf(first, completedOf(first, 'uno'), second, completedOf(second, 'due'), third);
  assert.deepEqual(texts(historyOf(third, log)), ['user: one', 'model: uno', 'user: two', 'model: due']);
});

test('requests that are not continued and their answers are no part of the conversation', () => {
  const first = requestOf({ turn: 1, says: 'one' });
  const aside = requestOf({ turn: 1, says: 'aside' });
  const second = requestOf({ turn: 2, says: 'two', continues: first.id });
  const log = logOf(first, aside, completedOf(aside, 'no'), completedOf(first, 'uno'), second);
  assert.deepEqual(texts(historyOf(second, log)), ['user: one', 'model: uno']);
});

test('a chain that names an unknown request, an unanswered one or itself is refused, never shortened', () => {
  const first = requestOf({ turn: 1, says: 'one' });
  const second = requestOf({ turn: 2, says: 'two', continues: first.id });
  assert.throws(() => historyOf(second, logOf(second)), BrokenChain);
  assert.throws(() => historyOf(second, logOf(first, second)), BrokenChain);
  const circle = requestOf({ turn: 1, says: 'one', continues: second.id });
  const log = logOf(circle, completedOf(circle, 'uno'), second, completedOf(second, 'due'));
  const closing = { ...second, data: { ...second.data, continues: circle.id } };
  assert.throws(() => historyOf(closing, log), BrokenChain);
});

test('the answer to a request is found by its cause among what was written since', () => {
  const first = requestOf({ turn: 1, says: 'one' });
  const other = requestOf({ turn: 1, says: 'other' });
  const events = logOf(completedOf(other, 'no'), completedOf(first, 'uno'));
  assert.deepEqual(answerIn(first.id, events), { kind: 'turn', turn: { text: 'uno', tool_calls: [] } });
  assert.throws(() => answerIn(first.id, logOf(completedOf(other, 'no'))), BrokenChain);
});
