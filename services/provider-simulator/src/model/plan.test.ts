import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TOOLS, type ToolName } from '../test-support/tools.ts';
import type { Conversation, Message } from './conversation.ts';
import { plan } from './plan.ts';

const ALL: ToolName[] = ['spawn_browser_job', 'notify_user', 'remember', 'search_memory'];

const user = (text: string): Message => ({ role: 'user', text });
const system = (text: string): Message => ({ role: 'system', text });
const called = (id: string, name: ToolName, args: object): Message => ({
  role: 'assistant',
  text: '',
  calls: [{ id, name, arguments: JSON.stringify(args) }],
});
const result = (callId: string, text: string, isError = false): Message => ({
  role: 'tool',
  callId,
  text,
  isError,
});

function conversation(
  messages: Message[],
  given: Partial<Conversation> & { offered?: ToolName[] } = {},
): Conversation {
  const { offered = ALL, ...rest } = given;
  return {
    messages,
    tools: offered.map((name) => ({ name, parameters: TOOLS[name] })),
    toolChoice: { kind: 'auto' },
    parallelCalls: true,
    answerSchema: undefined,
    ...rest,
  };
}

/** The planned calls as [name, arguments], or the final text. */
function next(given: Conversation): string | [string, unknown][] {
  const turn = plan(given);
  if (turn.kind !== 'calls') return turn.text;
  return turn.calls.map((call) => [call.name, JSON.parse(call.arguments) as unknown]);
}

const extract = (selector: string): object[] => [{ action: 'extract', selector }];
const URL_A = 'http://127.0.0.1:8080/a';
const URL_B = 'http://127.0.0.1:8080/b';

const calls: { name: string; given: Conversation; expected: [string, unknown][] }[] = [
  {
    name: 'a URL in the goal is visited, and the whole page read where no selector is quoted',
    given: conversation([user(`Read ${URL_A}, please.`)]),
    expected: [['spawn_browser_job', { url: URL_A, steps: extract('body') }]],
  },
  {
    name: 'a user who asks to be notified is, without anything having been found',
    given: conversation([user('Notify me that all is well.')]),
    expected: [
      ['notify_user', { message: '[provider-simulator] Notify me that all is well.', level: 'info' }],
    ],
  },
  {
    name: 'a selector quoted in backticks is extracted',
    given: conversation([user(`Read \`#value\` on ${URL_A}.`)]),
    expected: [['spawn_browser_job', { url: URL_A, steps: extract('#value') }]],
  },
  {
    name: 'the correlation id that the system text states goes into the call',
    given: conversation([system('correlation_id: corr-42'), user(`Read ${URL_A}`)]),
    expected: [['spawn_browser_job', { url: URL_A, steps: extract('body'), correlation_id: 'corr-42' }]],
  },
  {
    name: 'several URLs become parallel calls of one turn',
    given: conversation([user(`Compare ${URL_A} with ${URL_B}`)]),
    expected: [
      ['spawn_browser_job', { url: URL_A, steps: extract('body') }],
      ['spawn_browser_job', { url: URL_B, steps: extract('body') }],
    ],
  },
  {
    name: 'without parallel calls the URLs are visited one turn after the other',
    given: conversation(
      [
        user(`Compare ${URL_A} with ${URL_B}`),
        called('1', 'spawn_browser_job', { url: URL_A }),
        result('1', 'x'),
      ],
      { parallelCalls: false },
    ),
    expected: [['spawn_browser_job', { url: URL_B, steps: extract('body') }]],
  },
  {
    name: 'at most four URLs are visited',
    given: conversation([user([1, 2, 3, 4, 5].map((page) => `http://h/${page}`).join(' '))]),
    expected: [1, 2, 3, 4].map((page) => [
      'spawn_browser_job',
      { url: `http://h/${page}`, steps: extract('body') },
    ]),
  },
  {
    name: 'what the browser found is notified once',
    given: conversation([
      system('correlation_id=c1'),
      user(`Read ${URL_A}`),
      called('1', 'spawn_browser_job', { url: URL_A }),
      result('1', '{"extracted":[{"selector":"body","text":"7319"}]}'),
    ]),
    expected: [
      ['notify_user', { message: '[provider-simulator] Found: 7319', level: 'info', correlation_id: 'c1' }],
    ],
  },
  {
    name: 'a wish to remember becomes a memory',
    given: conversation([user('Please remember that I prefer tea.')]),
    expected: [['remember', { text: 'I prefer tea.' }]],
  },
  {
    name: 'a wish to search memory becomes a search',
    given: conversation([user('Search memory for my favourite drink.')]),
    expected: [['search_memory', { query: 'my favourite drink' }]],
  },
  {
    name: 'a failure that calls itself retryable is tried once more with the same arguments',
    given: conversation([
      user(`Read ${URL_A}`),
      called('1', 'spawn_browser_job', { url: URL_A }),
      result('1', '{"error":{"code":"timeout","message":"too slow"},"retryable":true}'),
    ]),
    expected: [['spawn_browser_job', { url: URL_A }]],
  },
  {
    name: 'a required tool is called even where no rule asks for it',
    given: conversation([user('hello')], { offered: ['search_memory'], toolChoice: { kind: 'required' } }),
    expected: [['search_memory', { query: 'hello' }]],
  },
  {
    name: 'a named tool is called in place of those that the rules prefer',
    given: conversation([user(`hello ${URL_A}`)], { toolChoice: { kind: 'named', name: 'search_memory' } }),
    expected: [['search_memory', { query: `hello ${URL_A}` }]],
  },
  {
    name: 'a new wish may repeat an old call',
    given: conversation([
      user(`Read ${URL_A}`),
      called('1', 'spawn_browser_job', { url: URL_A }),
      result('1', 'one'),
      { role: 'assistant', text: 'one', calls: [] },
      user(`Read ${URL_A} again`),
    ]),
    expected: [['spawn_browser_job', { url: URL_A, steps: extract('body') }]],
  },
];

for (const { name, given, expected } of calls) {
  test(name, () => assert.deepEqual(next(given), expected));
}

const visited = [
  user(`Read ${URL_A}`),
  called('1', 'spawn_browser_job', { url: URL_A }),
  result('1', '{"extracted":[{"selector":"body","text":"secret 7319"}],"title":"T"}'),
];
const failed = (text: string): Message[] => [
  user(`Read ${URL_A}`),
  called('1', 'spawn_browser_job', { url: URL_A }),
  result('1', text, true),
];
const CONTEXT = '<long_term_context>\n- I prefer tea. See http://h/old\n- older\n</long_term_context>';

const answers: { name: string; given: Conversation; expected: string }[] = [
  {
    name: 'without tools the answer comes at once',
    given: conversation([user(`Read ${URL_A}`)], { offered: [] }),
    expected: `[provider-simulator] Asked: Read ${URL_A}`,
  },
  {
    name: 'with tool choice none the answer comes at once',
    given: conversation([user(`Read ${URL_A}`)], { toolChoice: { kind: 'none' } }),
    expected: `[provider-simulator] Asked: Read ${URL_A}`,
  },
  {
    name: 'the extracted text stands verbatim in the answer, a notification does not',
    given: conversation([
      ...visited,
      called('2', 'notify_user', { message: 'm' }),
      result('2', '{"notification_id":"n1"}'),
    ]),
    expected: `[provider-simulator] Asked: Read ${URL_A}\nFound: secret 7319`,
  },
  {
    name: 'a failure that is not retryable is told in the answer',
    given: conversation(failed('{"error":{"code":"egress_refused","message":"A private address."}}')),
    expected: `[provider-simulator] Asked: Read ${URL_A}\nspawn_browser_job failed: A private address.`,
  },
  {
    name: 'a retryable failure that came back is told once and not tried a third time',
    given: conversation([
      ...failed('too slow, retryable'),
      called('2', 'spawn_browser_job', { url: URL_A }),
      result('2', 'too slow, retryable', true),
    ]),
    expected: `[provider-simulator] Asked: Read ${URL_A}\nspawn_browser_job failed: too slow, retryable`,
  },
  {
    name: 'the first snippet of the long-term context is told, and its URL is not visited',
    given: conversation([user(`What do I drink?\n${CONTEXT}`)]),
    expected: '[provider-simulator] Asked: What do I drink?\nI remembered: I prefer tea. See http://h/old',
  },
  {
    name: 'a schema turns the answer into JSON that satisfies it',
    given: conversation([user('hello')], {
      answerSchema: {
        type: 'object',
        properties: { answer: { type: 'string' }, score: { type: 'integer' }, kind: { enum: ['a', 'b'] } },
        required: ['answer', 'score', 'kind'],
      },
    }),
    expected: '{"answer":"[provider-simulator] Asked: hello","score":1,"kind":"a"}',
  },
];

for (const { name, given, expected } of answers) {
  test(name, () => assert.equal(next(given), expected));
}

test('a long goal is shortened in the answer and a long finding in the notification', () => {
  const long = 'word '.repeat(200);
  assert.ok(String(next(conversation([user(long)]))).length < 200);
  const found = conversation([...visited.slice(0, 2), result('1', long)]);
  const [notification] = next(found) as [string, { message: string }][];
  assert.equal(notification?.[1].message.length, 200);
});
