// What is remembered from turn to turn, on a log in memory that counts how it is read. The real log is read in
// worker.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEvent, StoredEvent } from '@troupe/contracts';
import { TerminalError } from '@troupe/shared';
import type { Conversations } from './conversations.ts';
import { createConversations } from './conversations.ts';
import type { ModelMessage } from './generation.ts';
import { completedOf, logOf, requestOf } from './test-support/events.ts';

interface Reading {
  readonly conversations: Conversations;
  readonly reads: string[];
}

function reading(log: readonly StoredEvent[], maxCharacters = 10_000): Reading {
  const reads: string[] = [];
  const conversations = createConversations({
    maxCharacters,
    load: (text) => Promise.resolve('text' in text ? text.text : `blob ${text.ref}`),
    read: {
      whole: () => {
        reads.push('whole');
        return Promise.resolve([...log]);
      },
      tail: (after, upTo) => {
        reads.push(`tail ${after}-${upTo}`);
        return Promise.resolve(log.filter(({ position }) => position.seq > after && position.seq <= upTo));
      },
    },
  });
  return { conversations, reads };
}

const said = (messages: readonly ModelMessage[]): string[] =>
  messages.map((message) => (message.role === 'assistant' ? (message.turn.text ?? '') : message.text));

/** A run of `turns` turns: request, answer, request, answer … */
function run(turns: number): { log: StoredEvent[]; requests: LogEvent<'llm.requested'>[] } {
  const requests: LogEvent<'llm.requested'>[] = [];
  const events: StoredEvent[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    const before = requests.at(-1);
    const request = requestOf({ turn, says: `ask ${turn}`, ...(before && { continues: before.id }) });
    requests.push(request);
    events.push(request, completedOf(request, `answer ${turn}`));
  }
  return { log: logOf(...events), requests };
}

const expected = (turns: number): string[] =>
  Array.from({ length: turns }, (_, i) => [`ask ${i + 1}`, `answer ${i + 1}`])
    .flat()
    .slice(0, -1);

test('turn by turn, only what was written since the turn before is read', async () => {
  const { log, requests } = run(50);
  const { conversations, reads } = reading(log);
  for (const [i, request] of requests.entries())
    assert.deepEqual(said(await conversations.upTo(request)), expected(i + 1));
  assert.deepEqual(
    reads,
    Array.from({ length: 49 }, (_, i) => `tail ${2 * i + 1}-${2 * i + 3}`),
  );
});

test('a request that is asked for again needs no reading', async () => {
  const { log, requests } = run(2);
  const { conversations, reads } = reading(log);
  for (const request of requests) await conversations.upTo(request);
  assert.deepEqual(said(await conversations.upTo(requests[1]!)), expected(2));
  assert.equal(reads.length, 1);
});

test('a process that remembers nothing reads the whole log and comes to the same conversation', async () => {
  const { log, requests } = run(20);
  const { conversations, reads } = reading(log);
  assert.deepEqual(said(await conversations.upTo(requests[19]!)), expected(20));
  assert.deepEqual(reads, ['whole']);
});

test('a memory that is too small costs readings, never correctness', async () => {
  const { log, requests } = run(10);
  const { conversations } = reading(log, 30);
  for (const [i, request] of requests.entries())
    assert.deepEqual(said(await conversations.upTo(request)), expected(i + 1));
});

test('texts that live in the object store are loaded', async () => {
  const request = requestOf({ turn: 1, says: '' });
  const content = { ref: 'user/abc', bytes: 3, sha256: 'a'.repeat(64) };
  const large = { ...request, data: { ...request.data, messages: [{ role: 'user' as const, content }] } };
  assert.deepEqual(said(await reading(logOf(large)).conversations.upTo(large)), ['blob user/abc']);
});

test('a broken chain is a terminal error that names the request', async () => {
  const { requests } = run(2);
  const { conversations } = reading([]);
  await assert.rejects(conversations.upTo(requests[1]!), (error) => {
    assert.ok(error instanceof TerminalError);
    assert.equal(error.failure.code, 'conversation_broken');
    return true;
  });
});
