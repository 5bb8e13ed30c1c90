// Anthropic's Messages API as the official SDK sees it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import type { MessageParam, Tool, ToolResultBlockParam } from '@anthropic-ai/sdk/resources/messages';
import { startSimulator } from '../server.ts';
import { addScript, anthropicClient, collect } from '../test-support/clients.ts';
import { TOOLS, type ToolName } from '../test-support/tools.ts';

const simulator = await startSimulator({ deltaLength: 10 });
after(() => simulator[Symbol.asyncDispose]());
const client = anthropicClient(simulator.url);
const hello: MessageParam[] = [{ role: 'user', content: 'hello' }];
const base = { model: 'any-model', max_tokens: 1_000 };

const tools = (...names: ToolName[]): Tool[] =>
  names.map((name) => ({ name, input_schema: { ...TOOLS[name], type: 'object' } }));

test('an answer names the simulator, keeps the requested model and carries a request id', async () => {
  const message = await client.messages.create({ ...base, messages: hello });
  assert.deepEqual(
    message.content.map((block) => (block.type === 'text' ? block.text : block.type)),
    ['[provider-simulator] Asked: hello'],
  );
  assert.equal(message.model, 'any-model');
  assert.equal(message.stop_reason, 'end_turn');
  assert.match(message._request_id ?? '', /^req_/);
});

test('a streamed answer has the events of the real API in their order', async () => {
  const events = await collect(await client.messages.create({ ...base, messages: hello, stream: true }));
  const types = events.map((event) => event.type).filter((type, index, all) => type !== all[index - 1]);
  assert.deepEqual(types, [
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
});

test("the SDK's stream helper assembles the same message and usage that a whole answer is", async () => {
  const streamed = await client.messages.stream({ ...base, messages: hello }).finalMessage();
  const whole = await client.messages.create({ ...base, messages: hello });
  assert.deepEqual(streamed.content, whole.content);
  assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);
  assert.equal(streamed.usage.input_tokens, whole.usage.input_tokens);
});

test('parallel tool calls make their round trip, streamed or whole, and errors are understood', async () => {
  const offered = tools('spawn_browser_job');
  const messages: MessageParam[] = [{ role: 'user', content: 'Compare http://h/a and http://h/b' }];
  const streamed = await client.messages.stream({ ...base, messages, tools: offered }).finalMessage();
  const whole = await client.messages.create({ ...base, messages, tools: offered });
  const calls = whole.content.filter((block) => block.type === 'tool_use');
  assert.equal(whole.stop_reason, 'tool_use');
  assert.deepEqual(
    calls.map((call) => (call.input as { url: string }).url),
    ['http://h/a', 'http://h/b'],
  );
  assert.deepEqual(
    streamed.content.map((block) => (block.type === 'tool_use' ? block.input : block.type)),
    calls.map((call) => call.input),
  );
  const results = calls.map(
    (call, index): ToolResultBlockParam => ({
      type: 'tool_result',
      tool_use_id: call.id,
      content: index === 0 ? 'page-0' : 'A private address.',
      is_error: index === 1,
    }),
  );
  messages.push({ role: 'assistant', content: whole.content }, { role: 'user', content: results });
  const last = await client.messages.create({ ...base, messages, tools: offered });
  const [block] = last.content;
  assert.ok(block?.type === 'text');
  assert.match(block.text, /Found: page-0\nspawn_browser_job failed: A private address\.$/);
});

test('tool choice none, any and disable_parallel_tool_use are obeyed', async () => {
  const messages: MessageParam[] = [{ role: 'user', content: 'Compare http://h/a and http://h/b' }];
  const ask = async (tool_choice: Anthropic.ToolChoice): Promise<string[]> => {
    const offered = tools('spawn_browser_job');
    const { content } = await client.messages.create({ ...base, messages, tools: offered, tool_choice });
    return content.map((block) => block.type);
  };
  assert.deepEqual(await ask({ type: 'none' }), ['text']);
  assert.deepEqual(await ask({ type: 'any' }), ['tool_use', 'tool_use']);
  assert.deepEqual(await ask({ type: 'auto', disable_parallel_tool_use: true }), ['tool_use']);
});

test('a structured answer is JSON of the requested schema', async () => {
  const schema = { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] };
  const format = { type: 'json_schema' as const, schema };
  const message = await client.messages.create({ ...base, messages: hello, output_config: { format } });
  const [block] = message.content;
  assert.ok(block?.type === 'text');
  assert.deepEqual(JSON.parse(block.text), { answer: '[provider-simulator] Asked: hello' });
});

test('an answer beyond max_tokens stops there', async () => {
  const message = await client.messages.create({ ...base, max_tokens: 3, messages: hello });
  assert.equal(message.stop_reason, 'max_tokens');
  assert.equal(message.usage.output_tokens, 3);
});

test('a scripted refusal is a stop reason with its explanation, streamed or whole', async () => {
  await addScript(simulator.url, { times: 2, then: { kind: 'refusal', text: 'No.' } });
  const whole = await client.messages.create({ ...base, messages: hello });
  const streamed = await client.messages.stream({ ...base, messages: hello }).finalMessage();
  for (const message of [whole, streamed]) {
    assert.equal(message.stop_reason, 'refusal');
    assert.equal(message.stop_details?.explanation, 'No.');
  }
});

const refusals: { name: string; body: object; message: RegExp }[] = [
  {
    name: 'with a temperature',
    body: { ...base, messages: hello, temperature: 1 },
    message: /^temperature: /,
  },
  { name: 'with top_p', body: { ...base, messages: hello, top_p: 1 }, message: /^top_p: / },
  {
    name: 'without max_tokens',
    body: { model: 'm', messages: hello },
    message: /^max_tokens: Field required$/,
  },
  {
    name: 'with an empty text block',
    body: { ...base, messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
    message: /non-empty/,
  },
  {
    name: 'with a result that no call precedes',
    body: {
      ...base,
      messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'x' }] }],
    },
    message: /unexpected tool_use_id/,
  },
];

for (const { name, body, message } of refusals) {
  test(`a request ${name} is refused with 400 and the reason`, async () => {
    await assert.rejects(client.post('/v1/messages', { body }), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError);
      assert.equal(error.type, 'invalid_request_error');
      assert.match(error.apiMessage ?? '', message);
      return true;
    });
  });
}

test('sampling parameters are accepted for the API version that still had them', async () => {
  const message = await client.post<Anthropic.Message>('/v1/messages', {
    body: { ...base, messages: hello, temperature: 1 },
    headers: { 'anthropic-version': '2023-06-01' },
  });
  assert.equal(message.stop_reason, 'end_turn');
});

test('the key "invalid" gets the real 401', async () => {
  const refused = anthropicClient(simulator.url, 'invalid').messages.create({ ...base, messages: hello });
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof Anthropic.AuthenticationError);
    assert.equal(error.type, 'authentication_error');
    return true;
  });
});

test('the models are listed in the shape of the provider', async () => {
  const models = await collect(client.models.list());
  assert.ok(models.some((entry) => entry.id.startsWith('claude-')));
});
