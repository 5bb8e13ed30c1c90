// The Responses API as the official SDK sees it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import OpenAI from 'openai';
import type { FunctionTool, ResponseInputItem } from 'openai/resources/responses/responses';
import { startSimulator } from '../server.ts';
import { addScript, collect, openaiClient, readRecord } from '../test-support/clients.ts';
import { TOOLS, type ToolName } from '../test-support/tools.ts';

const simulator = await startSimulator({ deltaLength: 10 });
after(() => simulator[Symbol.asyncDispose]());
const client = openaiClient(simulator.url);
const model = 'any-model';

const tools = (...names: ToolName[]): FunctionTool[] =>
  names.map((name) => ({ type: 'function', name, parameters: TOOLS[name], strict: false }));

test('an answer names the simulator, keeps the requested model and reports its usage', async () => {
  const { data, response, request_id } = await client.responses
    .create({ model, input: 'hello' })
    .withResponse();
  assert.equal(data.output_text, '[provider-simulator] Asked: hello');
  assert.equal(data.model, model);
  assert.equal(data.status, 'completed');
  assert.ok(
    data.usage !== undefined &&
      data.usage.total_tokens === data.usage.input_tokens + data.usage.output_tokens,
  );
  assert.equal(response.headers.get('x-troupe-simulator'), 'provider-simulator');
  assert.match(request_id ?? '', /^req_/);
});

test('a streamed answer has the events of the real API in their order and the same text as a whole one', async () => {
  const events = await collect(await client.responses.create({ model, input: 'hello', stream: true }));
  const types = events.map((event) => event.type).filter((type, index, all) => type !== all[index - 1]);
  assert.deepEqual(types, [
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  assert.deepEqual(
    events.map((event) => event.sequence_number),
    events.map((_, index) => index),
  );
  const text = events
    .map((event) => (event.type === 'response.output_text.delta' ? event.delta : ''))
    .join('');
  assert.equal(text, '[provider-simulator] Asked: hello');
  assert.equal(events.filter((event) => event.type === 'response.output_text.delta').length, 4);
});

test("the SDK's stream helper assembles the same response that a whole answer is", async () => {
  const streamed = await client.responses.stream({ model, input: 'hello' }).finalResponse();
  const whole = await client.responses.create({ model, input: 'hello' });
  assert.equal(streamed.output_text, whole.output_text);
  assert.deepEqual(streamed.usage, whole.usage);
});

test('the same request gets the same answer with the same ids', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => client.responses.create({ model, input: 'again' })));
  assert.deepEqual([one?.id, one?.output], [two?.id, two?.output]);
});

test('parallel tool calls make their round trip, and what they found stands in the final answer', async () => {
  const offered = tools('spawn_browser_job', 'notify_user');
  const input: ResponseInputItem[] = [{ role: 'user', content: 'Compare http://h/a and http://h/b' }];
  const first = await client.responses.stream({ model, input, tools: offered }).finalResponse();
  const calls = first.output.filter((item) => item.type === 'function_call');
  assert.deepEqual(
    calls.map((call) => (JSON.parse(call.arguments) as { url: string }).url),
    ['http://h/a', 'http://h/b'],
  );
  for (const [index, call] of calls.entries()) {
    input.push(call, { type: 'function_call_output', call_id: call.call_id, output: `page-${index}` });
  }
  const second = await client.responses.create({ model, input, tools: offered });
  const [notify] = second.output;
  assert.ok(notify?.type === 'function_call' && notify.name === 'notify_user');
  input.push(notify, { type: 'function_call_output', call_id: notify.call_id, output: 'done' });
  const last = await client.responses.create({ model, input, tools: offered });
  assert.match(last.output_text, /^\[provider-simulator\] .*\nFound: page-0\nFound: page-1$/);
});

test('with parallel calls switched off one call is made per turn', async () => {
  const response = await client.responses.create({
    model,
    input: 'Compare http://h/a and http://h/b',
    tools: tools('spawn_browser_job'),
    parallel_tool_calls: false,
  });
  assert.equal(response.output.length, 1);
});

test('a structured answer is JSON of the requested schema', async () => {
  const schema = {
    type: 'object',
    properties: { answer: { type: 'string' }, sure: { type: 'boolean' } },
    required: ['answer', 'sure'],
    additionalProperties: false,
  };
  const response = await client.responses.create({
    model,
    input: 'hello',
    text: { format: { type: 'json_schema', name: 'answer', schema, strict: true } },
  });
  const expected = { answer: '[provider-simulator] Asked: hello', sure: true };
  assert.deepEqual(JSON.parse(response.output_text), expected);
});

test('an answer beyond max_output_tokens is incomplete, streamed or whole', async () => {
  const request = { model, input: 'long '.repeat(40), max_output_tokens: 16 };
  const whole = await client.responses.create(request);
  assert.equal(whole.status, 'incomplete');
  assert.equal(whole.incomplete_details?.reason, 'max_output_tokens');
  assert.equal(whole.usage?.output_tokens, 16);
  const events = await collect(await client.responses.create({ ...request, stream: true }));
  assert.equal(events.at(-1)?.type, 'response.incomplete');
});

test('a scripted refusal is a refusal part, streamed or whole', async () => {
  await addScript(simulator.url, { times: 2, then: { kind: 'refusal', text: 'No.' } });
  const whole = await client.responses.create({ model, input: 'hello' });
  const streamed = await client.responses.stream({ model, input: 'hello' }).finalResponse();
  for (const { output } of [whole, streamed]) {
    const [message] = output;
    assert.ok(message?.type === 'message');
    const [part] = message.content;
    assert.ok(part?.type === 'refusal');
    assert.equal(part.refusal, 'No.');
  }
});

const refusals: { name: string; body: object; param: string; code: string | null }[] = [
  { name: 'without a model', body: { input: 'x' }, param: 'model', code: 'missing_required_parameter' },
  { name: 'without an input', body: { model }, param: 'input', code: 'missing_required_parameter' },
  {
    name: 'with a tool name that holds a dot',
    body: { model, input: 'x', tools: [{ type: 'function', name: 'a.b', parameters: {} }] },
    param: 'tools[0].name',
    code: 'invalid_value',
  },
  {
    name: 'with a result that no call precedes',
    body: { model, input: [{ type: 'function_call_output', call_id: 'c1', output: 'x' }] },
    param: 'input',
    code: null,
  },
  {
    name: 'with a call that no result follows',
    body: { model, input: [{ type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' }] },
    param: 'input',
    code: null,
  },
  {
    name: 'with a strict tool whose schema leaves properties optional',
    body: {
      model,
      input: 'x',
      tools: [
        {
          type: 'function',
          name: 'f',
          strict: true,
          parameters: { type: 'object', properties: { a: {} }, additionalProperties: false },
        },
      ],
    },
    param: 'tools[0].parameters',
    code: 'invalid_function_parameters',
  },
  {
    name: 'that builds on a response kept by the provider',
    body: { model, input: 'x', previous_response_id: 'resp_1' },
    param: 'previous_response_id',
    code: 'previous_response_not_found',
  },
];

for (const { name, body, param, code } of refusals) {
  test(`a request ${name} is refused with 400 and the field at fault`, async () => {
    await assert.rejects(client.post('/responses', { body }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.deepEqual([error.type, error.param, error.code], ['invalid_request_error', param, code]);
      return true;
    });
  });
}

test('the key "invalid" gets the real 401, and the record shows a hash of the key only', async () => {
  const refused = openaiClient(simulator.url, 'invalid').responses.create({ model, input: 'x' });
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.code, 'invalid_api_key');
    return true;
  });
  const { calls } = await readRecord(simulator.url);
  assert.equal(calls.at(-1)?.status, 401);
  assert.match(calls.at(-1)?.key_hash ?? '', /^[0-9a-f]{12}$/);
});

test('the models are listed in the shape of the provider', async () => {
  const models = await collect(client.models.list());
  assert.ok(models.some((entry) => entry.id === 'text-embedding-3-small'));
});
