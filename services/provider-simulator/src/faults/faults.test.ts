// The script's actions as the official SDKs show them.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Responses } from 'openai/resources/responses/responses';
import { startSimulator } from '../server.ts';
import {
  addScript,
  anthropicClient,
  collect,
  eventually,
  openaiClient,
  readRecord,
} from '../test-support/clients.ts';

const simulator = await startSimulator();
after(() => simulator[Symbol.asyncDispose]());
const openai = openaiClient(simulator.url);
const anthropic = anthropicClient(simulator.url);
const model = 'any-model';
const hello = [{ role: 'user' as const, content: 'hello' }];
const message = { model, max_tokens: 1_000, messages: hello };

const script = (then: object, rule: object = {}): Promise<void> =>
  addScript(simulator.url, { ...rule, then });
const streamed = async (): Promise<Responses.ResponseStreamEvent[]> =>
  collect(await openai.responses.create({ model, input: 'hello', stream: true }));

beforeEach(() => fetch(`${simulator.url}/simulator/script`, { method: 'DELETE' }));

async function lastCall(): Promise<[string | undefined, number | null | undefined]> {
  const { calls } = await readRecord(simulator.url);
  return [calls.at(-1)?.outcome, calls.at(-1)?.status];
}

test('a scripted answer is given word for word, once', async () => {
  await script({ kind: 'answer', text: 'scripted' });
  const texts = [1, 2].map(() => openai.responses.create({ model, input: 'hello' }));
  const [first, second] = await Promise.all(texts);
  assert.deepEqual([first?.output_text, second?.output_text].sort(), [
    '[provider-simulator] Asked: hello',
    'scripted',
  ]);
});

test('scripted tool calls may be objects or malformed JSON, in every dialect', async () => {
  const calls = [
    { name: 'f', arguments: { a: 1 } },
    { name: 'f', arguments: '{"a":' },
  ];
  await script({ kind: 'tool_calls', calls }, { times: 3 });
  const response = await openai.responses.create({ model, input: 'hello' });
  const completion = await openai.chat.completions.create({ model, messages: hello });
  const events = await collect(await anthropic.messages.create({ ...message, stream: true }));
  const expected = ['{"a":1}', '{"a":'];
  assert.deepEqual(
    response.output.map((item) => (item.type === 'function_call' ? item.arguments : item.type)),
    expected,
  );
  assert.deepEqual(
    completion.choices[0]?.message.tool_calls?.map(
      (call) => call.type === 'function' && call.function.arguments,
    ),
    expected,
  );
  const partials = events.map((event) =>
    event.type === 'content_block_delta' && event.delta.type === 'input_json_delta'
      ? event.delta.partial_json
      : '',
  );
  assert.equal(partials.join(''), expected.join(''));
});

test('a 429 carries its headers and the body of OpenAI', async () => {
  await script({ kind: 'error', status: 429, headers: { 'retry-after': '7' } });
  await assert.rejects(openai.responses.create({ model, input: 'hello' }), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.equal(error.code, 'rate_limit_exceeded');
    assert.equal(error.headers.get('retry-after'), '7');
    return true;
  });
  assert.deepEqual(await lastCall(), ['failed', 429]);
});

test('a 529 and an error code arrive as Anthropic words them', async () => {
  await script({ kind: 'error', status: 529 });
  await assert.rejects(anthropic.messages.create(message), (error) => {
    assert.ok(error instanceof Anthropic.OverloadedError);
    assert.equal(error.type, 'overloaded_error');
    return true;
  });
  await script({ kind: 'error', status: 429, code: 'enforced_spend_limit_reached' });
  await assert.rejects(anthropic.messages.create(message), (error) => {
    assert.ok(error instanceof Anthropic.RateLimitError);
    assert.equal(error.errorCode, 'enforced_spend_limit_reached');
    return true;
  });
});

test('an error of an embeddings call comes in the same body', async () => {
  await script({ kind: 'error', status: 503 }, { match: { endpoint: 'embeddings' } });
  await assert.rejects(openai.embeddings.create({ model, input: 'x' }), (error) => {
    assert.ok(error instanceof OpenAI.InternalServerError);
    assert.deepEqual([error.status, error.code], [503, 'server_is_overloaded']);
    return true;
  });
});

test('a hanging call ends with the patience of its caller and is counted as aborted', async () => {
  await script({ kind: 'hang' });
  const call = openai.responses.create({ model, input: 'hello' }, { timeout: 50 });
  await assert.rejects(call, OpenAI.APIConnectionTimeoutError);
  await eventually(async () => assert.deepEqual(await lastCall(), ['aborted', null]));
});

test('a hanging call with a time hangs up by itself', async () => {
  await script({ kind: 'hang', ms: 10 });
  await assert.rejects(openai.responses.create({ model, input: 'hello' }), OpenAI.APIConnectionError);
  assert.deepEqual(await lastCall(), ['failed', null]);
});

test('latency delays what comes after it', async () => {
  await script({ kind: 'latency', ms: 20, then: { kind: 'answer', text: 'late' } });
  const started = performance.now();
  assert.equal((await openai.responses.create({ model, input: 'hello' })).output_text, 'late');
  assert.ok(performance.now() - started >= 19);
});

test('a reset is a connection error', async () => {
  await script({ kind: 'reset' });
  await assert.rejects(openai.responses.create({ model, input: 'hello' }), OpenAI.APIConnectionError);
  assert.deepEqual(await lastCall(), ['failed', null]);
});

test('a cut stream delivers the events before the cut and then fails', async () => {
  await script({ kind: 'cut', afterEvents: 4 });
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const event of await openai.responses.create({ model, input: 'hello', stream: true })) {
      seen.push(event.type);
    }
  }, /terminated/);
  assert.equal(seen.length, 4);
  assert.deepEqual(await lastCall(), ['failed', 200]);
});

test('a stalled stream goes on after its time and is a completed call', async () => {
  await script({ kind: 'stall', afterEvents: 2, ms: 20 });
  const events = await streamed();
  assert.equal(events.at(-1)?.type, 'response.completed');
  assert.deepEqual(await lastCall(), ['completed', 200]);
});

test('a caller that leaves a stalled stream has aborted the call', async () => {
  await script({ kind: 'stall', afterEvents: 2, ms: 60_000 });
  for await (const event of await openai.responses.create({ model, input: 'hello', stream: true })) {
    if (event.type === 'response.in_progress') break;
  }
  await eventually(async () => assert.deepEqual(await lastCall(), ['aborted', 200]));
});

test('a malformed event is a syntax error, in a stream and in a body', async () => {
  await script({ kind: 'malformed_event', afterEvents: 3 }, { times: 2 });
  await assert.rejects(streamed(), SyntaxError);
  await assert.rejects(anthropic.messages.create(message), SyntaxError);
});

test('without its terminal event a stream ends as if all were well', async () => {
  await script({ kind: 'no_terminal' }, { times: 3 });
  assert.equal((await streamed()).at(-1)?.type, 'response.output_item.done');
  const events = await collect(await anthropic.messages.create({ ...message, stream: true }));
  assert.equal(events.at(-1)?.type, 'content_block_stop');
  const chunks = await collect(
    await openai.chat.completions.create({ model, messages: hello, stream: true }),
  );
  assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, null);
});

test('a truncated turn says so, and truncated arguments stay cut', async () => {
  const tool = { type: 'function' as const, name: 'search_memory', strict: false };
  await script({ kind: 'truncated' });
  const { output, status } = await openai.responses.create({
    model,
    input: 'Search memory for tea',
    tools: [{ ...tool, parameters: {} }],
  });
  assert.equal(status, 'incomplete');
  const [call] = output;
  assert.ok(call?.type === 'function_call');
  assert.throws(() => JSON.parse(call.arguments) as unknown, SyntaxError);
});

test('HTML with status 200 reaches the SDK as it would from a proxy', async () => {
  await script({ kind: 'html' }, { times: 2 });
  await assert.rejects(openai.responses.create({ model, input: 'hello' }), TypeError);
  const given: unknown = await anthropic.messages.create(message);
  assert.ok(typeof given === 'string' && given.startsWith('<html>'));
});

test('an error event breaks a stream off in every dialect', async () => {
  await script(
    { kind: 'error_event', afterEvents: 2, type: 'overloaded_error', code: 'slow_down' },
    { times: 3 },
  );
  const failing = [
    streamed,
    async () => collect(await openai.chat.completions.create({ model, messages: hello, stream: true })),
    async () => collect(await anthropic.messages.create({ ...message, stream: true })),
  ];
  for (const call of failing) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof OpenAI.APIError || error instanceof Anthropic.APIError);
      assert.deepEqual([error.status, error.type], [undefined, 'overloaded_error']);
      return true;
    });
  }
});

test('a failed response is an ordinary event of a stream and an HTTP error of a whole answer', async () => {
  await script({ kind: 'response_failed', afterEvents: 3, code: 'server_error' }, { times: 2 });
  const events = await streamed();
  const last = events.at(-1);
  assert.ok(last?.type === 'response.failed');
  assert.equal(last.response.error?.code, 'server_error');
  await assert.rejects(openai.responses.create({ model, input: 'hello' }), OpenAI.InternalServerError);
});
