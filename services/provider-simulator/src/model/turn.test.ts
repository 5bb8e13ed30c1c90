import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputTokens, type Turn, truncate } from './turn.ts';

const answer = (text: string): Turn => ({ kind: 'answer', text, truncated: false });

test('a turn within its limit is left alone', () => {
  const turn = answer('x'.repeat(40));
  assert.equal(truncate(turn, 10), turn);
});

test('a turn beyond its limit is cut to it and says so', () => {
  const cut = truncate(answer('x'.repeat(41)), 10);
  assert.deepEqual(cut, { kind: 'answer', text: 'x'.repeat(40), truncated: true });
  assert.equal(outputTokens(cut), 10);
});

test('a limit that falls into the arguments of a call leaves them cut and drops the calls behind', () => {
  const call = { name: 'tool', arguments: '{"text":"abcdefgh"}' };
  const cut = truncate({ kind: 'calls', calls: [call, call], truncated: false }, 4);
  assert.deepEqual(cut, {
    kind: 'calls',
    calls: [{ name: 'tool', arguments: '{"text":"abc' }],
    truncated: true,
  });
});
