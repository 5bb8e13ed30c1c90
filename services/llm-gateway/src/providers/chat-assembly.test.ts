// What servers that only resemble OpenAI's make of Chat's chunks.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ChatAssembly } from './chat-assembly.ts';

type Piece = readonly [index: number | null, id: string | null, name: string | null, args: string];

const callChunk = (pieces: readonly Piece[]) => ({
  choices: [
    {
      delta: {
        tool_calls: pieces.map(([index, id, name, args]) => ({
          ...(index !== null && { index }),
          ...(id !== null && { id }),
          function: { ...(name !== null && { name }), arguments: args },
        })),
      },
    },
  ],
});
const END = { choices: [{ finish_reason: 'tool_calls' }] };

function assembled(...chunks: readonly object[]): ChatAssembly {
  const assembly = new ChatAssembly();
  for (const chunk of chunks) assembly.add(chunk);
  return assembly;
}

const TWO = [
  { name: 'look', arguments: '{"at":1}' },
  { name: 'look', arguments: '{"at":2}' },
];
const SERVERS: readonly (readonly [string, readonly (readonly Piece[])[]])[] = [
  [
    'tells calls apart by index and sends names and ids once',
    [
      [[0, 'a', 'look', '']],
      [[0, null, null, '{"at":1}']],
      [[1, 'b', 'look', '{"at"']],
      [[1, '', '', ':2}']],
    ],
  ],
  [
    'interleaves its calls',
    [
      [
        [1, 'b', 'look', '{"at"'],
        [0, 'a', 'look', '{"at"'],
      ],
      [
        [1, null, null, ':2}'],
        [0, null, null, ':1}'],
      ],
    ],
  ],
  ['sends every call with index 0', [[[0, 'a', 'look', '{"at":1}']], [[0, 'b', 'look', '{"at":2}']]]],
  ['sends no index', [[[null, 'a', 'look', '{"at":1}']], [[null, 'b', 'look', '{"at":2}']]]],
  [
    'sends all calls at once without an index',
    [
      [
        [null, 'a', 'look', '{"at":1}'],
        [null, 'b', 'look', '{"at":2}'],
      ],
    ],
  ],
  [
    'repeats name and id with every piece',
    [
      [[0, 'a', 'look', '{"at"']],
      [[0, 'a', 'look', ':1}']],
      [[0, 'b', 'look', '{"at"']],
      [[0, 'b', 'look', ':2}']],
    ],
  ],
  [
    'gives every piece an id of its own',
    [
      [[0, 'a1', 'look', '{"at"']],
      [[0, 'a2', null, ':1}']],
      [[1, 'b1', 'look', '{"at"']],
      [[1, 'b2', null, ':2}']],
    ],
  ],
];

suite('calls in chunks', () => {
  for (const [name, chunks] of SERVERS) {
    test(`are the same two of a server that ${name}`, () => {
      assert.deepEqual(assembled(...chunks.map(callChunk), END).answer().calls, TWO);
    });
  }

  test('of another name under the same index are another call, also without ids', () => {
    const { calls } = assembled(
      callChunk([[0, null, 'look', '{}']]),
      callChunk([[0, null, 'go', '{}']]),
      END,
    ).answer();
    assert.deepEqual(
      calls.map(({ name }) => name),
      ['look', 'go'],
    );
  });

  test('are malformed when there are more than a turn may have', () => {
    const many = Array.from({ length: 33 }, (_, i) => callChunk([[0, `call-${i}`, 'look', '{}']]));
    assert.throws(() => assembled(...many, END).answer(), { fault: { kind: 'malformed' } });
  });

  test('count as written, character by character', () => {
    assert.equal(assembled(callChunk([[0, 'a', 'look', '{"at":1}']])).written, 'look{"at":1}'.length);
  });
});

test('a count of tokens in part is none, and costs no answer', () => {
  for (const usage of [{}, { prompt_tokens: 3 }, { prompt_tokens: 3, completion_tokens: -1 }]) {
    const assembly = assembled(
      { choices: [{ delta: { content: 'Hi.' }, finish_reason: 'stop' }] },
      { usage },
    );
    assert.equal(assembly.answer().text, 'Hi.');
    assert.equal(assembly.usage, undefined);
  }
});
