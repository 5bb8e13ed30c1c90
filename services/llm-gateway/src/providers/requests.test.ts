// The bodies that the providers are sent, word for word.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@troupe/contracts';
import { eventId } from '@troupe/contracts';
import type { Droppable, ModelMessage, ModelRequest } from '../generation.ts';
import { asking } from '../test-support/gateway.ts';
import { browse, history } from '../test-support/history.ts';
import type { DialectName } from '../test-support/providers.ts';
import { MODEL_OF } from '../test-support/providers.ts';
import { messagesBody } from './anthropic-request.ts';
import { chatBody } from './chat-request.ts';
import { responsesBody } from './openai-request.ts';

const BODY_OF = { responses: responsesBody, chat: chatBody, messages: messagesBody };

const bodyOf = (
  dialect: DialectName,
  request: ModelRequest,
  model = MODEL_OF[dialect],
): Readonly<Record<string, unknown>> => ({ ...BODY_OF[dialect]({ model, request }) });

test('Responses: nothing is kept at the provider, and the conversation becomes items in its order', () => {
  const body = bodyOf('responses', asking('', { messages: history, tools: [browse] }));
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

test('Chat: one system message comes first, results stand right behind their calls, and arguments are JSON', () => {
  const [system, user, turn, a, ...rest] = history;
  assert.ok(system && user && turn && a);
  const between: ModelMessage = { role: 'user', text: 'Are you there?' };
  const body = bodyOf(
    'chat',
    asking('', { messages: [system, user, turn, a, between, ...rest], tools: [browse] }),
  );
  assert.deepEqual(Object.keys(body).sort(), [
    'max_tokens',
    'messages',
    'model',
    'stream',
    'stream_options',
    'temperature',
    'tool_choice',
    'tools',
  ]);
  const call = (id: string, name: string, args: string) => ({
    id,
    type: 'function',
    function: { name, arguments: args },
  });
  assert.deepEqual(body['messages'], [
    { role: 'system', content: 'You are an agent.' },
    { role: 'user', content: 'Compare the two pages.' },
    {
      role: 'assistant',
      content: 'I will look.',
      tool_calls: [
        call('call_a', 'spawn_browser_job', '{"url":"http://a.test"}'),
        call('call_b', 'spawn_browser_job', '{"INVALID_JSON":"{\\"url\\": "}'),
        call('call_c', 'no_such_tool_', '{"INVALID_JSON":"[1]"}'),
      ],
    },
    { role: 'tool', tool_call_id: 'call_a', content: '{"title":"A"}' },
    { role: 'tool', tool_call_id: 'call_b', content: '{"error":"malformed"}' },
    { role: 'tool', tool_call_id: 'call_c', content: '{"error":"unknown"}' },
    { role: 'user', content: 'Are you there?' },
    { role: 'user', content: 'Browser job 1 completed.' },
    { role: 'user', content: 'Go on.' },
  ]);
});

test('Chat: a reasoning model is given its bound under the name that it takes', () => {
  const body = bodyOf('chat', asking('hello'), 'gpt-6.1-sol');
  assert.ok(!('max_tokens' in body) && !('temperature' in body));
  assert.equal(body['max_completion_tokens'], 1_000);
});

test('our ids of calls are taken by every dialect', () => {
  const id = `call_${eventId('0'.repeat(32), 'call-31')}`;
  assert.match(id, /^[a-zA-Z0-9_-]{1,40}$/);
});

test('Messages: roles alternate, results come first, and no sampling parameter is sent', () => {
  const body = bodyOf('messages', asking('', { messages: history, tools: [browse] }));
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

test('Messages: where no tool is offered, those in the history are declared and none may be called', () => {
  const body = bodyOf('messages', asking('', { messages: history }));
  const { tools, tool_choice } = body as { tools?: { name: string }[]; tool_choice?: object };
  assert.deepEqual(
    tools?.map(({ name }) => name),
    ['spawn_browser_job', 'no_such_tool_'],
  );
  assert.deepEqual(tool_choice, { type: 'none' });
});

test('a reasoning model is sent no temperature', () => {
  const body = bodyOf('responses', asking('hello'), 'gpt-6.1-sol');
  assert.ok(!('temperature' in body));
});

test('a model that cannot be held to a schema is asked for it in words', () => {
  const body = bodyOf('responses', asking('hello', { outputSchema: { type: 'object' } }), 'gpt-3.5-turbo');
  assert.ok(!('text' in body));
  assert.match(String(body['instructions']), /JSON Schema/);
});

test('Messages: a schema that the API would change or refuse is asked for in words at once', () => {
  const record: JsonObject = { type: 'object', additionalProperties: { type: 'number' } };
  const untyped: JsonObject = { properties: { total: { minimum: 0 } } };
  for (const outputSchema of [record, untyped]) {
    const body = bodyOf('messages', asking('hello', { outputSchema }));
    assert.ok(!('output_config' in body));
    assert.ok(String(body['system']).includes(JSON.stringify(outputSchema)));
  }
  const outputSchema: JsonObject = { type: 'object', properties: { total: { type: 'number' } } };
  const body = bodyOf('messages', asking('hello', { outputSchema }));
  assert.ok(!('system' in body));
  assert.deepEqual(body['output_config'], {
    format: { type: 'json_schema', schema: { ...outputSchema, additionalProperties: false } },
  });
});

test('a tool is held to its schema where that is strict, until a target refuses that', () => {
  const strict = { ...browse, input_schema: { ...browse.input_schema, additionalProperties: false } };
  const request = asking('look', { tools: [browse, strict] });
  const strictIn = (without: ReadonlySet<Droppable>): unknown[] => [
    ...(responsesBody({ model: MODEL_OF.responses, request, without }).tools ?? []).map(
      (tool) => tool.type === 'function' && tool.strict,
    ),
    ...(chatBody({ model: MODEL_OF.chat, request, without }).tools ?? []).map(
      (tool) => tool.type === 'function' && (tool.function.strict ?? false),
    ),
  ];
  assert.deepEqual(strictIn(new Set()), [false, true, false, true]);
  assert.deepEqual(strictIn(new Set(['schema'])), [false, false, false, false]);
});
