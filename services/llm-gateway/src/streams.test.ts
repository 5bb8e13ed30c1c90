// How a stream may end behind its last event: a provider that said that the answer is whole is believed, whatever becomes
// of the connection then. The simulator always ends well, so these streams are written by hand.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, suite, test } from 'node:test';
import { answered, asking, complete, failed, testGateway } from './test-support/gateway.ts';

const usage = { input_tokens: 3, output_tokens: 2 };
const RESPONSES = [
  { type: 'response.created', response: {} },
  {
    type: 'response.completed',
    response: {
      status: 'completed',
      usage,
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
const MESSAGES = [
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

let ending: (response: ServerResponse) => void = () => undefined;
let sent = Infinity;
let calls = 0;
const server = createServer((request, response) => {
  calls += 1;
  request.resume();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events = request.url === '/v1/messages' ? MESSAGES : RESPONSES;
  const text = events
    .slice(0, sent)
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('');
  response.write(text, () => ending(response));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

suite('a stream behind its last event', { concurrency: false, timeout: 240_000 }, () => {
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  for (const model of ['gpt-4.1-mini', 'claude-haiku-5-5']) {
    for (const [name, end] of [
      ['is left open', () => undefined],
      ['breaks', (response: ServerResponse) => response.socket?.resetAndDestroy()],
      ['ends', (response: ServerResponse) => response.end()],
    ] as const) {
      test(`${model}: the answer counts when the connection ${name}`, async () => {
        ending = end;
        sent = Infinity;
        calls = 0;
        const gateway = testGateway(url, { AGENT_PRIMARY_MODEL: model });
        const { answer, attempts } = answered(await complete(gateway, asking('hello')));
        assert.deepEqual([answer.text, answer.finish, attempts, calls], ['Good day.', 'stop', 1, 1]);
        assert.deepEqual(answer.usage, usage);
      });
    }

    test(`${model}: without its last event an answer does not count, however whole it looks`, async () => {
      ending = (response) => response.end();
      sent = -1;
      const gateway = testGateway(url, { AGENT_PRIMARY_MODEL: model, FF_AGENTS_LLM_FALLBACK: 'false' });
      const { error } = failed(await complete(gateway, asking('hello')));
      assert.match(error.message, /: cut after 2 attempts/);
    });
  }
});
