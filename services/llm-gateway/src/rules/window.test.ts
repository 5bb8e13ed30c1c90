import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ModelMessage, ModelRequest } from '../generation.ts';
import type { Fitted } from './window.ts';
import { fit } from './window.ts';

const sizeOf = (message: ModelMessage): number =>
  message.role === 'assistant' ? (message.turn.text ?? '').length : message.text.length;
/** A token per character. */
const estimate = (messages: readonly ModelMessage[]): number =>
  messages.reduce((sum, message) => sum + sizeOf(message), 0);

const system: ModelMessage = { role: 'system', text: 's'.repeat(1_000) };
const goal: ModelMessage = { role: 'user', text: 'g'.repeat(1_000) };
const calling = (...ids: string[]): ModelMessage => ({
  role: 'assistant',
  turn: {
    text: 'a'.repeat(10),
    tool_calls: ids.map((call_id) => ({ call_id, name: 'look', arguments: '{}' })),
  },
});
const result = (callId: string, length: number): ModelMessage => ({
  role: 'tool',
  callId,
  text: callId.padEnd(length, '.'),
  isError: false,
});
/** A conversation of `turns` turns with a tool result of `length` each; the model is to answer the last one. */
const conversation = (turns: number, length: number): ModelMessage[] => [
  system,
  goal,
  ...Array.from({ length: turns }, (_, i) => [calling(`c${i}`), result(`c${i}`, length)]).flat(),
];
const asking = (messages: readonly ModelMessage[]): ModelRequest => ({
  messages,
  tools: [],
  toolChoice: 'auto',
  outputSchema: undefined,
  maxTokens: 1_000,
});
/** In a context that leaves `room` for the prompt. */
const fitInto = (room: number, messages: readonly ModelMessage[]): Fitted | undefined =>
  fit(asking(messages), {
    contextTokens: (room + 1_000) / 0.95,
    inputTokens: (request) => estimate(request.messages),
  });
const shown = (fitted: Fitted | undefined): readonly ModelMessage[] => fitted?.request.messages ?? [];
const shortenedIn = (messages: readonly ModelMessage[]): string[] =>
  messages.flatMap((message) =>
    message.role === 'tool' && message.text.startsWith('[Shortened') ? [message.callId] : [],
  );

test('a conversation that fits is shown as it is', () => {
  const messages = conversation(6, 5_000);
  const fitted = fitInto(estimate(messages) + 1, messages);
  assert.equal(fitted?.request.messages, messages);
  assert.equal(fitted.leftOut, undefined);
});

test('the oldest tool results are shortened, as few as it takes, and it is told how much is left out', () => {
  const messages = conversation(6, 5_000);
  const fitted = fitInto(estimate(messages) - 6_000, messages);
  assert.deepEqual(shortenedIn(shown(fitted)), ['c0', 'c1']);
  assert.deepEqual(fitted?.leftOut, { tool_results: 2, characters: 2 * 4_700 });
});

test('what stays of a result is its beginning and its end, named as shortened data', () => {
  const text = `BEGIN${'x'.repeat(5_000)}END`;
  const messages = conversation(4, 100);
  messages[3] = { role: 'tool', callId: 'c0', text, isError: true };
  const [, , , shortened] = shown(fitInto(estimate(messages) - 1, messages));
  assert.ok(shortened?.role === 'tool');
  assert.deepEqual([shortened.callId, shortened.isError], ['c0', true]);
  assert.match(
    shortened.text,
    /^\[Shortened data: 4708 of 5008 characters are left out[^\n]*\]\nBEGINx+\n\[…\]\nx+END$/,
  );
});

test('no cut leaves half a character', () => {
  const messages = conversation(4, 100);
  messages[3] = { role: 'tool', callId: 'c0', text: `.${'😀'.repeat(2_000)}.`, isError: false };
  const [, , , shortened] = shown(fitInto(estimate(messages) - 1, messages));
  assert.ok(shortened?.role === 'tool' && shortened.text.isWellFormed());
});

test('the last turn stays whole, however many results it has, and so do the last four messages', () => {
  const ids = ['l0', 'l1', 'l2', 'l3', 'l4', 'l5'];
  const wide = [...conversation(1, 5_000), calling(...ids), ...ids.map((id) => result(id, 5_000))];
  assert.deepEqual(shortenedIn(shown(fitInto(estimate(wide) - 1, wide))), ['c0']);
  assert.equal(fitInto(estimate(wide) - 5_000, wide), undefined);
  const narrow = conversation(2, 5_000);
  assert.equal(fitInto(estimate(narrow) - 1, narrow), undefined);
});

test('what cannot be made to fit is told as such', () => {
  assert.equal(fitInto(1_999, [system, goal]), undefined);
  assert.equal(fitInto(-500, conversation(9, 5_000)), undefined);
});

const message: fc.Arbitrary<ModelMessage> = fc.oneof(
  fc.string({ maxLength: 2_000 }).map((text): ModelMessage => ({ role: 'user', text })),
  fc
    .string({ maxLength: 2_000 })
    .map((text): ModelMessage => ({ role: 'assistant', turn: { text, tool_calls: [] } })),
  fc.nat(5_000).map((length) => result('call', length)),
);

test('whatever the conversation: what is shown fits, and only old tool results differ, each still in its place', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), fc.nat(60_000), (rest, room) => {
      const messages = [system, goal, ...rest];
      const fitted = fitInto(room, messages);
      if (fitted === undefined) {
        assert.ok(estimate(messages) > room);
        return;
      }
      assert.ok(estimate(shown(fitted)) <= room + 1e-6);
      assert.equal(shown(fitted).length, messages.length);
      const differing = messages.filter((before, i) => shown(fitted)[i] !== before);
      assert.equal(differing.length, fitted.leftOut?.tool_results ?? 0);
      for (const [i, before] of messages.entries()) {
        const after: ModelMessage | undefined = shown(fitted)[i];
        if (after === before) continue;
        assert.ok(before.role === 'tool' && after?.role === 'tool' && i < messages.length - 4);
        assert.equal(after.callId, before.callId);
        assert.ok(sizeOf(after) < sizeOf(before));
      }
    }),
  );
});
