// Which texts of an event may move out of it: those that its contract declares large, and no others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from './catalogue.ts';
import { inlineTextsIn } from './large-text.ts';

const textsOf = (type: string, data: unknown): string[] =>
  inlineTextsIn(catalogue.get(type)?.schema, data).map(({ text }) => text);

test('every declared large text of a message is found, in the order of its fields', () => {
  const messages = [
    { role: 'system', content: { text: 'a' } },
    { role: 'user', content: { ref: 'u/x', bytes: 1, sha256: '0'.repeat(64) } },
    { role: 'assistant', content: { text: 'b' } },
    { role: 'tool', call_id: 'c', content: { text: 'c' }, is_error: false },
  ];
  const request = { ...(catalogue.get('llm.requested')?.example as object), messages };
  assert.deepEqual(textsOf('llm.requested', request), ['a', 'b', 'c']);
  assert.deepEqual(textsOf('tool.completed', catalogue.get('tool.completed')?.example), [
    '{"notification_id":"n_1"}',
  ]);
  assert.deepEqual(textsOf('job.completed', catalogue.get('job.completed')?.example), ['{"title":"Order"}']);
});

test('free JSON is not looked into, and short texts are not declared large', () => {
  const example = catalogue.get('tool.requested')?.example as object;
  assert.deepEqual(textsOf('tool.requested', { ...example, arguments: { text: 'mine' } }), []);
  const requested = {
    ...(catalogue.get('workflow.requested')?.example as object),
    preferences: { text: 'mine' },
  };
  assert.deepEqual(textsOf('workflow.requested', requested), []);
  assert.deepEqual(textsOf('llm.completed', catalogue.get('llm.completed')?.example), []);
});
