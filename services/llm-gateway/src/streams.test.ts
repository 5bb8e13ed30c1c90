// How a stream may end behind its last event: a provider that said that the answer is whole is believed, whatever becomes
// of the connection then. The simulator always ends well, so these streams are written by hand.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, suite, test } from 'node:test';
import { asking } from './test-support/gateway.ts';
import { DIALECTS, testProviders } from './test-support/providers.ts';

type StreamEvent = Readonly<Record<string, unknown>>;
const usage = { input_tokens: 3, cached_input_tokens: 2, output_tokens: 2 };
const RESPONSES: readonly StreamEvent[] = [
  { type: 'response.created', response: {} },
  {
    type: 'response.completed',
    response: {
      status: 'completed',
      usage: { input_tokens: 3, input_tokens_details: { cached_tokens: 2 }, output_tokens: 2 },
      output: [
        { type: 'reasoning', id: 'rs_1', summary: [] },
        {
          type: 'message',
          content: [
            { type: 'output_text', text: 'Good' },
            { type: 'output_text', text: ' day.' },
          ],
        },
      ],
    },
  },
];
const MESSAGES: readonly StreamEvent[] = [
  {
    type: 'message_start',
    message: {
      usage: {
        input_tokens: 1,
        cache_read_input_tokens: 2,
        cache_creation_input_tokens: null,
        output_tokens: 1,
      },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Good day.' } },
  { type: 'content_block_stop', index: 1 },
  { type: 'an_event_of_the_future', whatever: 1 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn' },
    usage: { input_tokens: null, cache_read_input_tokens: null, output_tokens: 2 },
  },
  { type: 'message_stop' },
];

const chunk = (delta: object, finish_reason: string | null = null): StreamEvent => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason }],
});
const CHAT: readonly StreamEvent[] = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ reasoning_content: 'hm' }),
  chunk({ content: 'Good' }),
  chunk({ content: ' day.' }),
  chunk({}, 'stop'),
  {
    object: 'chat.completion.chunk',
    choices: [],
    usage: { prompt_tokens: 3, prompt_tokens_details: { cached_tokens: 2 }, completion_tokens: 2 },
  },
];
const STREAMS: Readonly<Record<string, readonly StreamEvent[]>> = {
  '/v1/responses': RESPONSES,
  '/v1/messages': MESSAGES,
  '/v1/chat/completions': CHAT,
};
/** Without these events at the end a stream is not whole. In Chat the count of tokens behind it is of no account. */
const LAST = { responses: 1, messages: 1, chat: 2 };

let ending: (response: ServerResponse) => void = () => undefined;
let sent = Infinity;
const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events = STREAMS[request.url ?? ''] ?? [];
  const text = events
    .slice(0, sent)
    .map((event) => `${nameOf(event)}data: ${JSON.stringify(event)}\n\n`)
    .join('');
  response.write(text, () => ending(response));
});
const nameOf = ({ type }: StreamEvent): string => (typeof type === 'string' ? `event: ${type}\n` : '');
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const providers = testProviders(url);

suite('a stream behind its last event', { concurrency: false, timeout: 240_000 }, () => {
  after(async () => {
    await providers[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });

  for (const dialect of DIALECTS) {
    for (const [name, end] of [
      ['is left open', () => undefined],
      ['breaks', (response: ServerResponse) => response.socket?.destroy()],
      ['ends', (response: ServerResponse) => response.end()],
    ] as const) {
      test(`${dialect}: the answer counts when the connection ${name}`, async () => {
        ending = end;
        sent = Infinity;
        const { answer, told } = await providers.ask(dialect, asking('hello'));
        assert.deepEqual([answer?.text, answer?.finish], ['Good day.', 'stop']);
        assert.deepEqual(answer?.usage, usage);
        assert.ok(told.whole);
      });
    }

    test(`${dialect}: without its last event an answer does not count, however whole it looks`, async () => {
      ending = (response) => response.end();
      sent = -LAST[dialect];
      assert.deepEqual((await providers.ask(dialect, asking('hello'))).fault, { kind: 'cut' });
    });

    test(`${dialect}: a connection that breaks in mid-stream is a cut, one that ends without an event is no answer`, async () => {
      ending = (response) => response.socket?.destroy();
      sent = -LAST[dialect];
      assert.deepEqual((await providers.ask(dialect, asking('hello'))).fault, { kind: 'cut' });
      ending = (response) => response.end();
      sent = 0;
      assert.deepEqual((await providers.ask(dialect, asking('hello'))).fault, { kind: 'malformed' });
    });
  }

  test('a local server that counts no tokens is answered for by an estimate, which is said to be one', async () => {
    ending = (response) => response.end();
    sent = -1;
    const { answer } = await providers.ask('chat', asking('hello'));
    assert.equal(answer?.usageReported, false);
    assert.equal(answer.usage.output_tokens, Math.ceil('hmGood day.'.length / 4));
    assert.ok(answer.usage.input_tokens > 0);
  });
});
