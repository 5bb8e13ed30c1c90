// JSON that no protocol speaks of, over HTTP: it may stand in any line of a stream and in any body, and each time it is the
// provider's fault. What the engine does not know as a fault it takes for a bug of its own, and asks and pays again.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ModelUsage } from '@troupe/contracts';
import type { Attempt } from '../attempt.ts';
import { attempt } from '../attempt.ts';
import { asking } from '../test-support/gateway.ts';
import type { Asked, DialectName } from '../test-support/providers.ts';
import { DIALECTS, KEY, MODEL_OF, testProviders } from '../test-support/providers.ts';
import { eventStream, eventText, serverThat } from '../test-support/server-that.ts';
import { openaiClient } from './clients.ts';
import { openaiResponses } from './openai-responses.ts';

/** Names that the SDKs pass on. */
const NAMED: Readonly<Record<DialectName, string>> = {
  responses: 'response.output_text.delta',
  chat: 'message',
  messages: 'content_block_delta',
};

async function answering(dialect: DialectName, status: number, body: string): Promise<Asked> {
  await using upstream = await serverThat((_request, response) => {
    const type = status === 200 ? 'text/event-stream' : 'application/json';
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  await using providers = testProviders(upstream.url);
  return await providers.ask(dialect, asking('hello'));
}

const streaming = (dialect: DialectName, ...events: readonly unknown[]): Promise<Asked> =>
  answering(dialect, 200, events.map((event) => eventText(event, NAMED[dialect])).join(''));

const NO_OBJECTS = [null, 1, 'text', [], [null]];
const NO_ERRORS = [
  '',
  'null',
  '1',
  '[]',
  '"x"',
  '{"error":null}',
  '{"error":"x"}',
  '{"error":[]}',
  '{"error":1}',
];

suite('an odd answer', { timeout: 120_000 }, () => {
  for (const dialect of DIALECTS) {
    test(`${dialect}: an event that is no object is malformed`, async () => {
      for (const event of NO_OBJECTS)
        assert.deepEqual(
          (await streaming(dialect, event)).fault,
          { kind: 'malformed' },
          JSON.stringify(event),
        );
    });

    test(`${dialect}: a refusal is one whatever its body holds`, async () => {
      for (const body of NO_ERRORS) {
        const { fault } = await answering(dialect, 500, body);
        assert.partialDeepStrictEqual(fault, { kind: 'refused', status: 500 }, body);
      }
    });
  }

  for (const dialect of ['responses', 'messages'] as const) {
    test(`${dialect}: an event without a type that is text is malformed`, async () => {
      for (const event of [{}, { type: null }, { type: 1 }])
        assert.deepEqual((await streaming(dialect, event)).fault, { kind: 'malformed' });
    });

    test(`${dialect}: an error event is a refusal whatever it holds`, async () => {
      for (const event of [null, 1, {}, { error: null }, { error: 'x' }]) {
        const { fault } = await answering(dialect, 200, `event: error\ndata: ${JSON.stringify(event)}\n\n`);
        assert.partialDeepStrictEqual(fault, { kind: 'refused', status: undefined }, JSON.stringify(event));
      }
    });
  }

  test('responses: a terminal event without a response is malformed', async () => {
    for (const type of ['response.completed', 'response.incomplete', 'response.failed'])
      for (const response of [undefined, null, 'x'])
        assert.deepEqual((await streaming('responses', { type, response })).fault, { kind: 'malformed' });
  });

  test('responses: a failure without a reason is a refusal', async () => {
    for (const error of [undefined, null, 'x', {}, { code: 7 }]) {
      const { fault } = await streaming('responses', { type: 'response.failed', response: { error } });
      assert.partialDeepStrictEqual(fault, { kind: 'refused', codes: [] });
    }
  });

  test('responses: what a malformed answer used is told', async () => {
    const response = { status: 'completed', usage: { input_tokens: 70, output_tokens: 5 } };
    const { fault, told } = await streaming('responses', { type: 'response.completed', response });
    assert.deepEqual(fault, { kind: 'malformed' });
    assert.deepEqual(told.used, [{ input_tokens: 70, output_tokens: 5 } satisfies ModelUsage]);
  });

  test('responses: arguments, thoughts and refusals count as written, and only text is shown', async () => {
    const piece = (kind: string, delta: unknown) => ({ type: `response.${kind}.delta`, delta });
    const { told } = await streaming(
      'responses',
      piece('reasoning_summary_text', 'hm'),
      piece('function_call_arguments', '{"a":1}'),
      piece('refusal', 'No.'),
      piece('output_text', 'Yes.'),
      piece('output_text', 7),
    );
    assert.deepEqual([told.written, told.text], [16, 'Yes.']);
  });

  test('messages: arguments and thoughts count as written, and only text is shown', async () => {
    const delta = (index: number, piece: object) => ({ type: 'content_block_delta', index, delta: piece });
    const block = (index: number, content_block: object) => ({
      type: 'content_block_start',
      index,
      content_block,
    });
    const { told } = await streaming(
      'messages',
      block(0, { type: 'thinking' }),
      delta(0, { type: 'thinking_delta', thinking: 'hm' }),
      block(1, { type: 'text', text: '' }),
      delta(1, { type: 'text_delta', text: 'Yes.' }),
      block(2, { type: 'tool_use', name: 'look', input: {} }),
      delta(2, { type: 'input_json_delta', partial_json: '{"a":1}' }),
    );
    assert.deepEqual([told.written, told.text], [13, 'Yes.']);
  });

  test('messages: a turn that ends with a call and holds none is malformed', async () => {
    const usage = { input_tokens: 1, output_tokens: 1 };
    const { fault } = await streaming(
      'messages',
      { type: 'message_start', message: { usage } },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage },
      { type: 'message_stop' },
    );
    assert.deepEqual(fault, { kind: 'malformed' });
  });

  test('responses: events that only keep the connection alive are no progress', async () => {
    await using upstream = await serverThat((_request, response) => {
      eventStream(response);
      response.write(eventText({ type: 'response.output_text.delta', delta: 'One ' }));
      const beat = setInterval(() => response.write(eventText({ type: 'response.keepalive' })), 20);
      response.on('close', () => clearInterval(beat));
    });
    await using providers = testProviders(upstream.url);
    const client = openaiResponses(openaiClient({ baseURL: `${upstream.url}/v1`, http: providers.http }));
    const limits = { firstByte: 5_000, firstContent: 5_000, idle: 150, total: 60_000, endOfStream: 50 };
    const result: Attempt<unknown> = await attempt(
      (progress) =>
        client.generate({ model: MODEL_OF.responses, key: KEY, request: asking('hello'), progress }),
      { limits, signal: new AbortController().signal },
    );
    const fault = { kind: 'timeout', waitingFor: 'more_content' };
    assert.partialDeepStrictEqual(result, { kind: 'failed', fault });
  });
});
