import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToolDefinition } from '@troupe/contracts';
import type { ModelMessage, ModelRequest } from '../generation.ts';
import type { AttemptEnd } from './accounts.ts';
import { inputTokensOf, tokensIn, usedBy, usedByUnknown } from './estimate.ts';

const request = (more: Partial<ModelRequest>): ModelRequest => ({
  messages: [{ role: 'user', text: 'x'.repeat(400) }],
  tools: [],
  toolChoice: 'auto',
  outputSchema: undefined,
  maxTokens: 1_000,
  ...more,
});

const tool: ToolDefinition = {
  name: 'look_up',
  description: 'Looks something up.',
  input_schema: { type: 'object', properties: { what: { type: 'string' } } },
  output_schema: { type: 'object' },
  effect: 'read',
  timeout_seconds: 10,
};

test('a prompt is a token per four characters of Latin text and a little more per message', () => {
  assert.equal(inputTokensOf(request({})), 104);
});

test('text of many bytes per character is not taken for a quarter of its tokens', () => {
  assert.equal(tokensIn('天気はどうですか'), 6);
  assert.equal(tokensIn(''), 0);
});

test('tool definitions, tool calls, tool results and the output schema all count', () => {
  const base = inputTokensOf(request({}));
  const call = { call_id: 'c', name: 'look_up', arguments: '{"what":"weather"}' };
  const turn: ModelMessage = { role: 'assistant', turn: { text: 'a', tool_calls: [call] } };
  const result: ModelMessage = { role: 'tool', callId: 'c', text: 'sunny', isError: false };
  const { messages } = request({});
  const additions: Partial<ModelRequest>[] = [
    { tools: [tool] },
    { outputSchema: { type: 'object' } },
    { messages: [...messages, turn] },
    { messages: [...messages, result] },
  ];
  for (const more of additions) assert.ok(inputTokensOf(request(more)) > base, JSON.stringify(more));
});

const EXPECTED = { input_tokens: 100, output_tokens: 1_000 };
const failed = (more: Partial<Extract<AttemptEnd, { kind: 'failed' }>>): AttemptEnd => ({
  kind: 'failed',
  fault: 'cut',
  used: {},
  received: 0,
  ...more,
});

const ENDS: [name: string, end: AttemptEnd, input: number, output: number, estimated: boolean][] = [
  ['a refusal uses nothing', failed({ fault: 'rate_limited' }), 0, 0, false],
  ['an unreachable provider uses nothing', failed({ fault: 'unreachable' }), 0, 0, false],
  [
    'a connection that broke before an answer may have used the prompt',
    failed({ fault: 'reset' }),
    100,
    0,
    true,
  ],
  ['silence may have used the prompt', failed({ fault: 'no_content' }), 100, 0, true],
  ['a cut answer used the prompt and what came of it', failed({ received: 41 }), 100, 11, true],
  ['a reported prompt goes before the estimate', failed({ used: { input_tokens: 80 } }), 80, 0, true],
  [
    'a count from the beginning of an answer does not hide the text that followed',
    failed({ used: { input_tokens: 80, output_tokens: 1 }, received: 400 }),
    80,
    100,
    true,
  ],
  [
    'a failure that came with a whole report is not estimated',
    failed({ fault: 'server_error', used: { input_tokens: 80, output_tokens: 30 }, received: 40 }),
    80,
    30,
    false,
  ],
  [
    'an error in the middle of an answer is no refusal',
    failed({ fault: 'overloaded', received: 8 }),
    100,
    2,
    true,
  ],
  ['an abandoned call used the prompt', { kind: 'abandoned', used: {}, received: 4 }, 100, 1, true],
  [
    'an answer used what was reported',
    { kind: 'answered', usage: { input_tokens: 5, output_tokens: 6 } },
    5,
    6,
    false,
  ],
];
for (const [name, end, input_tokens, output_tokens, estimated] of ENDS) {
  test(name, () => {
    const used = usedBy(end, EXPECTED);
    assert.deepEqual(
      [used.usage.input_tokens, used.usage.output_tokens, used.estimated],
      [input_tokens, output_tokens, estimated],
    );
  });
}

test('reported parts of the prompt are kept beside estimates', () => {
  const end = failed({ used: { input_tokens: 80, cached_input_tokens: 70 } });
  assert.equal(usedBy(end, EXPECTED).usage.cached_input_tokens, 70);
});

test('a call whose process is gone used its prompt and half of the longest answer', () => {
  const { usage, estimated } = usedByUnknown(EXPECTED);
  assert.deepEqual(usage, { input_tokens: 100, output_tokens: 500 });
  assert.ok(estimated);
});
