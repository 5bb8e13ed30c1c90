import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { JsonObject, ToolDefinition } from '@troupe/contracts';
import type { ModelAnswer, ModelRequest } from '../generation.ts';
import { createOutputRules } from './check.ts';

const look: ToolDefinition = {
  name: 'look',
  description: 'Looks.',
  input_schema: {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { url: { type: 'string', format: 'uri' }, times: { type: 'integer', minimum: 1 } },
    required: ['url'],
    additionalProperties: false,
  },
  output_schema: { type: 'object' },
  effect: 'read',
  timeout_seconds: 10,
};
const total: JsonObject = {
  type: 'object',
  properties: { total: { type: 'number' }, kind: { enum: ['a', 'b'] } },
  required: ['total'],
};

const asked = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [{ role: 'user', text: 'Look.' }],
  tools: [look],
  toolChoice: 'auto',
  outputSchema: undefined,
  maxTokens: 100,
  ...more,
});
const answer = (more: Partial<ModelAnswer>): ModelAnswer => ({
  text: undefined,
  calls: [],
  finish: 'stop',
  finishRaw: 'stop',
  usage: { input_tokens: 1, output_tokens: 1 },
  ...more,
});
const calling = (...calls: ModelAnswer['calls']) => answer({ finish: 'tool_calls', calls });
const saying = (text: string | undefined) => answer({ text });

const rules = createOutputRules();
const onTotal = asked({ outputSchema: total });

suite('what is wrong with an answer', () => {
  const TABLE: readonly (readonly [string, ModelAnswer, ModelRequest, readonly RegExp[]])[] = [
    ['good arguments', calling({ name: 'look', arguments: '{"url":"http://a.test"}' }), asked(), []],
    [
      'no JSON',
      calling({ name: 'look', arguments: '{"url":' }),
      asked(),
      [/of look: not JSON: "{\\"url\\":"/],
    ],
    ['no object', calling({ name: 'look', arguments: '[1]' }), asked(), [/of look: not a JSON object/]],
    ['a fence', calling({ name: 'look', arguments: '```json\n{}\n```' }), asked(), [/not JSON/]],
    [
      'wrong arguments, each named by its place',
      calling({ name: 'look', arguments: '{"url":"a","times":0,"x":1}' }),
      asked(),
      [/at \/: .*additional properties: "x"/, /at \/url: .*"uri"/, /at \/times: .*>= 1/],
    ],
    [
      'an unknown tool',
      calling({ name: 'rm', arguments: '{}' }),
      asked(),
      [/no tool "rm"\. Offered: look\./],
    ],
    [
      'a tool where none is offered',
      calling({ name: 'look', arguments: '{}' }),
      asked({ tools: [] }),
      [/Offered: none\./],
    ],
    ['a good answer', saying('{"total":4}'), onTotal, []],
    ['a fence around the value', saying('```json\n{"total":4}\n```'), onTotal, [/^The answer is not JSON/]],
    ['bottomless nesting', saying('['.repeat(65) + ']'.repeat(65)), onTotal, [/^The answer is not JSON/]],
    ['prose around the value', saying('Here you are: {"total":4}'), onTotal, [/^The answer is not JSON/]],
    ['half of a value', saying('{"total":4'), onTotal, [/^The answer is not JSON/]],
    ['no text', saying(undefined), onTotal, [/^The answer is not JSON: ""/]],
    ['a wrong value', saying('{"kind":"c"}'), onTotal, [/'total'/, /at \/kind: .*\["a","b"\]/]],
    ['free text where nothing was asked', saying('Yes.'), asked(), []],
    ['a truncated answer', answer({ text: '{"to', finish: 'truncated' }), onTotal, []],
    ['a refused answer', answer({ text: 'No.', finish: 'refused' }), onTotal, []],
  ];
  for (const [name, given, request, expected] of TABLE) {
    test(`${name}: ${expected.length === 0 ? 'nothing' : expected.map(String).join(' and ')}`, () => {
      const problems = rules.problemsIn(given, request);
      assert.equal(problems.length, expected.length, problems.join('\n'));
      for (const wanted of expected)
        assert.ok(
          problems.some((problem) => wanted.test(problem)),
          problems.join('\n'),
        );
    });
  }

  test('an answer by a schema is freed of a fence and a byte order mark, and no other answer is touched', () => {
    const fenced = saying('\uFEFF```json\n{"total":4}\n```');
    assert.equal(rules.bare(fenced, onTotal).text, '{"total":4}');
    assert.deepEqual(rules.problemsIn(rules.bare(fenced, onTotal), onTotal), []);
    assert.equal(rules.bare(fenced, asked()), fenced);
    const prose = saying('See ```{}``` and tell.');
    assert.equal(rules.bare(prose, onTotal).text, prose.text);
  });

  test('what is said of it is bounded in lines and in characters, however wrong it is', () => {
    const schema: JsonObject = { type: 'array', items: { type: 'string', maxLength: 1 } };
    const many = saying(JSON.stringify(Array.from({ length: 500 }, () => 1)));
    assert.equal(rules.problemsIn(many, asked({ outputSchema: schema })).length, 20);
    const names = Array.from({ length: 32 }, (_, i) => ({ name: `${i}`.repeat(200), arguments: '{}' }));
    const problems = rules.problemsIn(calling(...names), asked());
    assert.ok(problems.join('').length <= 4_096);
  });

  test('a schema that cannot be compiled, refers elsewhere or is too large checks nothing', () => {
    const endless: JsonObject = { enum: Array.from({ length: 60_000 }, (_, i) => `value ${i}`) };
    const schemas: JsonObject[] = [
      { type: 'objekt' },
      { $ref: 'http://a.test/s' },
      { $async: true, type: 'string' },
      endless,
    ];
    for (const outputSchema of schemas)
      assert.deepEqual(rules.problemsIn(saying('{}'), asked({ outputSchema })), []);
  });

  test('a schema that contains itself is held to at every depth', () => {
    const tree: JsonObject = {
      type: 'object',
      properties: { size: { type: 'number' }, child: { $ref: '#' } },
      required: ['size'],
    };
    const grown = saying('{"size":1,"child":{"size":2,"child":{"size":"large"}}}');
    assert.deepEqual(rules.problemsIn(grown, asked({ outputSchema: tree })), [
      'The answer, at /child/child/size: must be number',
    ]);
  });

  test('a schema that leads nowhere but to itself checks nothing', () => {
    const again: JsonObject = { anyOf: [{ $ref: '#/$defs/again' }, { type: 'string' }] };
    const endless: JsonObject = { $defs: { again }, $ref: '#/$defs/again' };
    assert.deepEqual(rules.problemsIn(saying('1'), asked({ outputSchema: endless })), []);
  });

  test('schemas that share an id are told apart', () => {
    const named = (type: string): JsonObject => ({ $id: 'http://a.test/s', type });
    assert.deepEqual(rules.problemsIn(saying('1'), asked({ outputSchema: named('number') })), []);
    assert.equal(rules.problemsIn(saying('1'), asked({ outputSchema: named('string') })).length, 1);
  });
});

suite('the request for a corrected answer', () => {
  const wrong = answer({
    text: 'I look.',
    finish: 'tool_calls',
    calls: [
      { name: 'rm', arguments: '{}' },
      { name: 'look', arguments: '{"url":' },
    ],
  });
  const repair = rules.repairOf(asked(), wrong, ['There is no tool "rm".']);

  test('holds the wrong turn, an error for each of its calls, and what is wrong', () => {
    const [first, turn, ...rest] = repair.messages;
    assert.deepEqual(first, asked().messages[0]);
    assert.ok(turn?.role === 'assistant');
    assert.equal(turn.turn.text, 'I look.');
    assert.deepEqual(
      rest.map((message) => [message.role, message.role === 'tool' && message.isError && message.callId]),
      [...turn.turn.tool_calls.map(({ call_id }) => ['tool', call_id]), ['user', false]],
    );
    assert.match(JSON.stringify(rest.at(-1)), /no tool .*rm.*Return only the corrected calls/);
  });

  test('is the same whenever it is made, and a second one has calls of its own', () => {
    assert.deepEqual(rules.repairOf(asked(), wrong, ['There is no tool "rm".']), repair);
    const ids = rules
      .repairOf(repair, wrong, [])
      .messages.flatMap((message) => (message.role === 'tool' ? [message.callId] : []));
    assert.equal(new Set(ids).size, 4);
    assert.ok(ids.every((id) => /^[a-zA-Z0-9_-]{1,40}$/.test(id)));
  });

  test('offers and asks the same as the first one did', () => {
    assert.deepEqual({ ...repair, messages: [] }, { ...asked(), messages: [] });
  });
});
