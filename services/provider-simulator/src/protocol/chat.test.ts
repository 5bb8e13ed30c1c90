// The Chat Completions API as the official SDK sees it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import OpenAI from 'openai';
import type { ChatCompletionMessageParam, ChatCompletionTool } from 'openai/resources/chat/completions';
import { startSimulator } from '../server.ts';
import { addScript, collect, openaiClient } from '../test-support/clients.ts';
import { TOOLS, type ToolName } from '../test-support/tools.ts';

const simulator = await startSimulator({ deltaLength: 10 });
after(() => simulator[Symbol.asyncDispose]());
const client = openaiClient(simulator.url);
const model = 'any-model';
const hello: ChatCompletionMessageParam[] = [{ role: 'user', content: 'hello' }];

const tools = (...names: ToolName[]): ChatCompletionTool[] =>
  names.map((name) => ({ type: 'function', function: { name, parameters: TOOLS[name] } }));

test('an answer names the simulator and keeps the requested model', async () => {
  const completion = await client.chat.completions.create({ model, messages: hello });
  assert.equal(completion.choices[0]?.message.content, '[provider-simulator] Asked: hello');
  assert.equal(completion.choices[0].finish_reason, 'stop');
  assert.equal(completion.model, model);
});

test('a streamed answer ends with its finish reason, and with its usage where that is asked for', async () => {
  const request = { model, messages: hello, stream: true } as const;
  const plain = await collect(await client.chat.completions.create(request));
  assert.equal(plain.at(-1)?.choices[0]?.finish_reason, 'stop');
  const counted = await collect(
    await client.chat.completions.create({ ...request, stream_options: { include_usage: true } }),
  );
  const whole = await client.chat.completions.create({ model, messages: hello });
  assert.deepEqual(counted.at(-1)?.choices, []);
  assert.deepEqual(counted.at(-1)?.usage, whole.usage);
  const text = counted.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  assert.equal(text, whole.choices[0]?.message.content);
});

test('parallel tool calls make their round trip, streamed or whole', async () => {
  const offered = tools('spawn_browser_job');
  const messages: ChatCompletionMessageParam[] = [
    { role: 'user', content: 'Compare http://h/a and http://h/b' },
  ];
  const streamed = await client.chat.completions
    .stream({ model, messages, tools: offered })
    .finalChatCompletion();
  const whole = await client.chat.completions.create({ model, messages, tools: offered });
  const [choice] = whole.choices;
  assert.equal(choice?.finish_reason, 'tool_calls');
  const calls = (choice.message.tool_calls ?? []).filter((call) => call.type === 'function');
  assert.deepEqual(
    calls.map((call) => (JSON.parse(call.function.arguments) as { url: string }).url),
    ['http://h/a', 'http://h/b'],
  );
  assert.equal(streamed.choices[0]?.message.tool_calls?.length, 2);
  messages.push({ role: 'assistant', tool_calls: calls });
  for (const [index, call] of calls.entries()) {
    messages.push({ role: 'tool', tool_call_id: call.id, content: `page-${index}` });
  }
  const last = await client.chat.completions.create({ model, messages, tools: offered });
  assert.match(last.choices[0]?.message.content ?? '', /Found: page-0\nFound: page-1$/);
});

test('a structured answer is JSON of the requested schema', async () => {
  const schema = { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] };
  const completion = await client.chat.completions.create({
    model,
    messages: hello,
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
  });
  assert.deepEqual(JSON.parse(completion.choices[0]?.message.content ?? ''), {
    answer: '[provider-simulator] Asked: hello',
  });
});

test('an answer beyond max_completion_tokens finishes for its length', async () => {
  const completion = await client.chat.completions.create({
    model,
    messages: hello,
    max_completion_tokens: 3,
  });
  assert.equal(completion.choices[0]?.finish_reason, 'length');
  assert.equal(completion.usage?.completion_tokens, 3);
});

test('a scripted refusal is told in the refusal field, streamed or whole', async () => {
  await addScript(simulator.url, { times: 2, then: { kind: 'refusal', text: 'No, I will not.' } });
  const whole = await client.chat.completions.create({ model, messages: hello });
  const streamed = await client.chat.completions.stream({ model, messages: hello }).finalChatCompletion();
  assert.equal(whole.choices[0]?.message.refusal, 'No, I will not.');
  assert.equal(streamed.choices[0]?.message.refusal, 'No, I will not.');
});

test('a tool call that is not answered at once is refused with 400', async () => {
  const call = { id: 'c1', type: 'function' as const, function: { name: 'f', arguments: '{}' } };
  const messages: ChatCompletionMessageParam[] = [
    ...hello,
    { role: 'assistant', tool_calls: [call] },
    ...hello,
  ];
  await assert.rejects(client.chat.completions.create({ model, messages }), OpenAI.BadRequestError);
});
