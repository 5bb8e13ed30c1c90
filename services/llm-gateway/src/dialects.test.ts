// The two dialects over real HTTP: what a provider is sent for a conversation, and what its answers become. The same turns
// must come out of both, since a run may change its provider between two turns.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import type { JsonObject, ToolDefinition } from '@troupe/contracts';
import type { ModelAnswer, ModelMessage, ModelRequest } from './generation.ts';
import { answered, asking, complete, testGateway } from './test-support/gateway.ts';
import { startRecordingProxy } from './test-support/recording-proxy.ts';
import { startSimulator } from './test-support/simulator.ts';

const simulator = await startSimulator();
const proxy = await startRecordingProxy(simulator.url);
const GPT = 'gpt-4.1-mini';
const CLAUDE = 'claude-haiku-5-5';

const tool = (name: string, properties: JsonObject): ToolDefinition => ({
  name,
  description: `The tool ${name}.`,
  input_schema: { type: 'object', properties, required: Object.keys(properties) },
  output_schema: { type: 'object' },
  effect: 'read',
  timeout_seconds: 10,
});
const browse = tool('spawn_browser_job', { url: { type: 'string' } });

async function ask(model: string, request: ModelRequest): Promise<ModelAnswer> {
  const gateway = testGateway(proxy.url, { AGENT_PRIMARY_MODEL: model, FF_AGENTS_LLM_FALLBACK: 'false' });
  return answered(await complete(gateway, request)).answer;
}

const lastBody = (): Readonly<Record<string, unknown>> => proxy.requests.at(-1)?.body ?? {};

/** A conversation with everything in it that a run can bring about. */
const history: readonly ModelMessage[] = [
  { role: 'system', text: 'You are an agent.' },
  { role: 'user', text: 'Compare the two pages.' },
  {
    role: 'assistant',
    turn: {
      text: 'I will look.',
      tool_calls: [
        { call_id: 'call_a', name: 'spawn_browser_job', arguments: '{"url":"http://a.test"}' },
        { call_id: 'call_b', name: 'spawn_browser_job', arguments: '{"url": ' },
        { call_id: 'call_c', name: 'no such tool!', arguments: '[1]' },
      ],
    },
  },
  { role: 'tool', callId: 'call_a', text: '{"title":"A"}', isError: false },
  { role: 'tool', callId: 'call_b', text: '{"error":"malformed"}', isError: true },
  { role: 'tool', callId: 'call_c', text: '{"error":"unknown"}', isError: true },
  { role: 'user', text: 'Browser job 1 completed.' },
  { role: 'assistant', turn: { tool_calls: [] } },
  { role: 'user', text: 'Go on.' },
];

suite('the dialects', { concurrency: false, timeout: 240_000 }, () => {
  beforeEach(() => simulator.reset());
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    await simulator[Symbol.asyncDispose]();
  });

  for (const model of [GPT, CLAUDE]) {
    test(`${model}: parallel calls come back in order, with their arguments as the model wrote them`, async () => {
      const calls = [
        { name: 'spawn_browser_job', arguments: '{"url":"http://a.test"}' },
        { name: 'spawn_browser_job', arguments: '{"url":"http://b.test"}' },
      ];
      await simulator.script({ then: { kind: 'tool_calls', calls } });
      const answer = await ask(model, asking('compare', { tools: [browse] }));
      assert.deepEqual(answer.calls, calls);
      assert.deepEqual([answer.finish, answer.text], ['tool_calls', undefined]);
    });

    test(`${model}: arguments that are no JSON are passed on raw`, async () => {
      const calls = [{ name: 'spawn_browser_job', arguments: '{"url": "http://a.te' }];
      await simulator.script({ then: { kind: 'tool_calls', calls } });
      assert.deepEqual((await ask(model, asking('look', { tools: [browse] }))).calls, calls);
    });

    test(`${model}: calls cut by the token limit are dropped, so that none is ever executed`, async () => {
      const url = `http://a.test/${'x'.repeat(400)}`;
      const answer = await ask(model, asking(`look at ${url}`, { tools: [browse], maxTokens: 20 }));
      assert.deepEqual([answer.finish, answer.calls], ['truncated', []]);
    });

    test(`${model}: a whole round trip of a call ends with an answer that holds the tool's result`, async () => {
      const goal: ModelMessage = { role: 'user', text: 'Read http://a.test and tell me.' };
      const first = await ask(model, asking('', { messages: [goal], tools: [browse] }));
      assert.equal(first.calls.length, 1);
      const calls = first.calls.map((call, i) => ({ call_id: `call_${i}`, ...call }));
      const second = await ask(
        model,
        asking('', {
          tools: [browse],
          messages: [
            goal,
            { role: 'assistant', turn: { tool_calls: calls } },
            {
              role: 'tool',
              callId: 'call_0',
              text: '{"extracts":[{"text":"the total is 4711"}]}',
              isError: false,
            },
          ],
        }),
      );
      assert.equal(second.finish, 'stop');
      assert.match(second.text ?? '', /4711/);
    });

    test(`${model}: a history with everything in it is accepted, also where no tool is offered any more`, async () => {
      assert.equal((await ask(model, asking('', { messages: history, tools: [browse] }))).finish, 'stop');
      assert.equal((await ask(model, asking('', { messages: history, toolChoice: 'none' }))).finish, 'stop');
    });

    test(`${model}: an output schema makes the answer JSON of that schema`, async () => {
      const outputSchema: JsonObject = {
        type: 'object',
        properties: { total: { type: 'number' }, found: { type: 'boolean' } },
        required: ['total', 'found'],
        additionalProperties: false,
      };
      const { text } = await ask(model, asking('count', { outputSchema }));
      const answer = JSON.parse(text ?? '') as Record<string, unknown>;
      assert.deepEqual([typeof answer['total'], typeof answer['found']], ['number', 'boolean']);
    });
  }

  test('Responses: nothing is kept at the provider, and the conversation becomes items in its order', async () => {
    await ask(GPT, asking('', { messages: history, tools: [browse] }));
    const body = lastBody();
    assert.equal(body['store'], false);
    assert.equal(body['stream'], true);
    assert.equal(body['temperature'], 0.2);
    assert.equal(body['max_output_tokens'], 1_000);
    assert.equal(body['tool_choice'], 'auto');
    assert.equal(body['instructions'], 'You are an agent.');
    assert.deepEqual(body['input'], [
      { type: 'message', role: 'user', content: 'Compare the two pages.' },
      { type: 'message', role: 'assistant', content: 'I will look.' },
      {
        type: 'function_call',
        call_id: 'call_a',
        name: 'spawn_browser_job',
        arguments: '{"url":"http://a.test"}',
      },
      { type: 'function_call', call_id: 'call_b', name: 'spawn_browser_job', arguments: '{"url": ' },
      { type: 'function_call', call_id: 'call_c', name: 'no_such_tool_', arguments: '[1]' },
      { type: 'function_call_output', call_id: 'call_a', output: '{"title":"A"}' },
      { type: 'function_call_output', call_id: 'call_b', output: '{"error":"malformed"}' },
      { type: 'function_call_output', call_id: 'call_c', output: '{"error":"unknown"}' },
      { type: 'message', role: 'user', content: 'Browser job 1 completed.' },
      { type: 'message', role: 'user', content: 'Go on.' },
    ]);
  });

  test('Messages: roles alternate, results come first, and no sampling parameter is sent', async () => {
    await ask(CLAUDE, asking('', { messages: history, tools: [browse] }));
    const body = lastBody();
    assert.deepEqual(Object.keys(body).sort(), [
      'max_tokens',
      'messages',
      'model',
      'stream',
      'system',
      'tool_choice',
      'tools',
    ]);
    assert.deepEqual(body['messages'], [
      { role: 'user', content: [{ type: 'text', text: 'Compare the two pages.' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I will look.' },
          { type: 'tool_use', id: 'call_a', name: 'spawn_browser_job', input: { url: 'http://a.test' } },
          { type: 'tool_use', id: 'call_b', name: 'spawn_browser_job', input: { INVALID_JSON: '{"url": ' } },
          { type: 'tool_use', id: 'call_c', name: 'no_such_tool_', input: { INVALID_JSON: '[1]' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_a', content: '{"title":"A"}', is_error: false },
          { type: 'tool_result', tool_use_id: 'call_b', content: '{"error":"malformed"}', is_error: true },
          { type: 'tool_result', tool_use_id: 'call_c', content: '{"error":"unknown"}', is_error: true },
          { type: 'text', text: 'Browser job 1 completed.' },
          { type: 'text', text: 'Go on.' },
        ],
      },
    ]);
  });

  test('Messages: where no tool is offered, those in the history are declared and none may be called', async () => {
    await ask(CLAUDE, asking('', { messages: history }));
    const { tools, tool_choice } = lastBody() as { tools: { name: string }[]; tool_choice: object };
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['spawn_browser_job', 'no_such_tool_'],
    );
    assert.deepEqual(tool_choice, { type: 'none' });
  });

  test('a reasoning model is sent no temperature', async () => {
    await ask('gpt-6.1-sol', asking('hello'));
    assert.ok(!('temperature' in lastBody()));
  });

  test('a model that cannot be held to a schema is asked for it in words', async () => {
    await ask('gpt-3.5-turbo', asking('hello', { outputSchema: { type: 'object' } }));
    assert.ok(!('text' in lastBody()));
    assert.match(String(lastBody()['instructions']), /JSON Schema/);
  });
});
