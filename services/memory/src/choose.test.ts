import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WorkflowId } from '@troupe/contracts';
import type { Choice } from './choose.ts';
import { choose } from './choose.ts';
import type { FoundMemory } from './store.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const memory = (text: string, score: number, daysAgo = 0): FoundMemory => ({
  kind: 'outcome',
  text,
  score,
  workflow: WorkflowId.parse('wf_1'),
  createdAt: new Date(NOW - daysAgo * 86_400_000),
  eventSeq: 1,
});
const rules: Choice = { limit: 4, floor: 0.2, tokens: 100, now: NOW };

const cases: [what: string, found: FoundMemory[], rules: Partial<Choice>, told: string[]][] = [
  ['nothing of nothing', [], {}, []],
  ['the best first', [memory('a', 0.9), memory('b', 0.5)], {}, ['a', 'b']],
  ['no more than asked for', [memory('a', 0.9), memory('b', 0.5)], { limit: 1 }, ['a']],
  ['nothing below the floor', [memory('a', 0.2), memory('b', 0.199), memory('c', -0.1)], {}, ['a']],
  ['nothing rather than noise', [memory('a', 0.1)], {}, []],
  [
    'equal texts once',
    [memory('Tea, please', 0.9), memory(' tea,\n PLEASE ', 0.8), memory('b', 0.5)],
    {},
    ['Tea, please', 'b'],
  ],
  ['what is too long makes room', [memory('x'.repeat(404), 0.9), memory('b', 0.5)], {}, ['b']],
  ['bytes count, not characters', [memory('漢'.repeat(134), 0.9)], {}, []],
];
for (const [what, found, given, told] of cases) {
  test(`told is: ${what}`, () => {
    assert.deepEqual(
      choose(found, { ...rules, ...given }).map(({ text }) => text),
      told,
    );
  });
}

test('a snippet says where it comes from, when, how old that is, what left it and how near it is', () => {
  assert.deepEqual(choose([memory('a', 0.9, 3.7)], rules), [
    {
      text: 'a',
      workflow_id: 'wf_1',
      created_at: '2026-11-18T19:12:00.000Z',
      age_days: 3,
      label: 'outcome',
      score: 0.9,
    },
  ]);
});

test('a clock that is behind makes no memory younger than new', () => {
  assert.equal(choose([memory('a', 0.9, -2)], rules)[0]?.age_days, 0);
});

test('whatever is found, what is told costs no more than its tokens', () => {
  const some = fc.record({
    text: fc.string({ maxLength: 300 }),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(some), fc.nat(200), (found, tokens) => {
      const told = choose(
        found.map(({ text, score }) => memory(text, score)),
        { ...rules, limit: 50, tokens },
      );
      const bytes = told.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
      assert.ok(bytes <= tokens * 4);
    }),
  );
});
