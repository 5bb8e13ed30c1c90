import assert from 'node:assert/strict';
import { test } from 'node:test';
import { piece } from '../protocol/sse.ts';
import { delayed, deliveryOf, type Step, type WireAnswer } from './delivery.ts';
import type { PlainFault as Fault } from './spelled-out.ts';

const usage = { inputTokens: 7, outputTokens: 3 };
const answer: WireAnswer = {
  contentType: 'text/event-stream',
  events: [piece('a', 0, { ...usage, outputTokens: 1 }), piece('b', 4), piece('c', 5)],
  ending: [piece('d', 0, usage), piece('e')],
};

const brief = (step: Step): string => {
  switch (step.kind) {
    case 'wait':
      return `wait ${step.ms ?? 'for ever'}`;
    case 'head':
      return `head ${step.status} ${step.headers['content-type'] ?? ''}`;
    case 'write':
    case 'end':
      return `${step.kind} ${step.text}`;
    case 'hang_up':
    case 'reset':
      return step.kind;
  }
};
const deliver = (fault: Fault | undefined): [string[], string] => {
  const { steps, outcome } = deliveryOf(fault, answer, (error, position) => `${error.kind}@${position}`);
  return [steps.map(brief), outcome];
};

const HEAD = 'head 200 text/event-stream';
const table: { fault: Fault | undefined; steps: string[]; outcome: string }[] = [
  { fault: undefined, steps: [HEAD, 'end abcde'], outcome: 'completed' },
  { fault: { kind: 'hang' }, steps: ['wait for ever', 'hang_up'], outcome: 'failed' },
  { fault: { kind: 'hang', ms: 5 }, steps: ['wait 5', 'hang_up'], outcome: 'failed' },
  { fault: { kind: 'reset' }, steps: ['reset'], outcome: 'failed' },
  { fault: { kind: 'no_terminal' }, steps: [HEAD, 'end abc'], outcome: 'failed' },
  { fault: { kind: 'cut', afterEvents: 2 }, steps: [HEAD, 'write ab', 'hang_up'], outcome: 'failed' },
  { fault: { kind: 'cut', afterEvents: 99 }, steps: [HEAD, 'write abcd', 'hang_up'], outcome: 'failed' },
  {
    fault: { kind: 'stall', afterEvents: 1, ms: 9 },
    steps: [HEAD, 'write a', 'wait 9', 'end bcde'],
    outcome: 'completed',
  },
  {
    fault: { kind: 'trickle', afterEvents: 3, ms: 9 },
    steps: [HEAD, 'write abc', 'wait 9', 'write d', 'wait 9', 'end e'],
    outcome: 'completed',
  },
  {
    fault: { kind: 'trickle', afterEvents: 4, ms: 9, cut: true },
    steps: [HEAD, 'write abcd', 'wait 9', 'hang_up'],
    outcome: 'failed',
  },
  { fault: { kind: 'silent_end', afterEvents: 0 }, steps: [HEAD, 'end '], outcome: 'failed' },
  { fault: { kind: 'no_last_event' }, steps: [HEAD, 'end abcd'], outcome: 'failed' },
  { fault: { kind: 'error_event', afterEvents: 2 }, steps: [HEAD, 'end aberror_event@2'], outcome: 'failed' },
  {
    fault: { kind: 'error', status: 429, headers: { 'retry-after': '1' } },
    steps: ['head 429 application/json', 'end error@0'],
    outcome: 'failed',
  },
];

for (const { fault, steps, outcome } of table) {
  test(`${JSON.stringify(fault ?? 'no fault')} is delivered as ${steps.join(', ')}`, () => {
    assert.deepEqual(deliver(fault), [steps, outcome]);
  });
}

test('a malformed event stands between two good ones', () => {
  const [steps] = deliver({ kind: 'malformed_event', afterEvents: 1 });
  assert.match(steps[1] ?? '', /^end aevent: malformed\ndata: \{[^}]*\n\nbcde$/);
});

test('a delay comes before everything else', () => {
  const { steps } = delayed(
    deliveryOf(undefined, answer, () => ''),
    7,
  );
  assert.deepEqual(steps.map(brief), ['wait 7', HEAD, 'end abcde']);
});

test('what the client has read of an answer that is cut is known: the last usage told, and the characters', () => {
  const written = (fault: Fault | undefined) =>
    deliveryOf(fault, answer, () => '').steps.flatMap((step) =>
      'says' in step ? [[step.says, step.tells?.outputTokens]] : [],
    );
  assert.deepEqual(written({ kind: 'cut', afterEvents: 2 }), [[4, 1]]);
  assert.deepEqual(written({ kind: 'no_last_event' }), [[9, 3]]);
  assert.deepEqual(written(undefined), [[9, 3]]);
});
