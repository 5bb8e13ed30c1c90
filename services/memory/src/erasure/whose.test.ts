import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logSubject, UserId, WorkflowId } from '@troupe/contracts';
import { whoseDoorMessage, whoseLetter } from './whose.ts';

const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const BARE = 'agents.workflow.requested';

const atTheDoor: readonly [
  what: string,
  subject: string,
  body: unknown,
  user: string | undefined,
  workflow?: string,
][] = [
  ['the subject names the user', `${BARE}.ann`, { goal: 'x', workflow_id: 'wf_1' }, 'ann', 'wf_1'],
  ['the subject counts, whatever the body says', `${BARE}.ann`, { user_id: 'bob' }, 'ann'],
  ['the body names the user', BARE, { user_id: 'bob', workflow_id: 'wf_2' }, 'bob', 'wf_2'],
  ['nobody is named', BARE, { goal: 'x' }, 'local'],
  [
    'a structured CloudEvent',
    BARE,
    { specversion: '1.0', data: { user_id: 'cid', workflow_id: 'w' } },
    'cid',
    'w',
  ],
  [
    'what a structured CloudEvent says beside its data is not the request',
    BARE,
    { specversion: '1.0', user_id: 'bob', data: { user_id: 'cid' } },
    'cid',
  ],
  ['a body that is no JSON', `${BARE}.eve`, 'hello', 'eve'],
  ['a user that cannot be', BARE, { user_id: 7 }, undefined],
  ['another subject', 'agents.llm.requested.1.ann.wf_1', {}, undefined],
];
for (const [what, subject, body, user, workflow] of atTheDoor) {
  test(`a message at the door is its user's: ${what}`, () => {
    const whose = whoseDoorMessage(subject, bytes(body));
    assert.deepEqual([whose?.user, whose?.workflow], [user, workflow]);
  });
}

test('a dead letter is that of the message which it holds: an event, a timer, or what came in at the door', () => {
  const key = { user: UserId.parse('ann'), workflow: WorkflowId.parse('wf_1') };
  const letter = (subject: string, body: unknown = {}, known: object = {}): Buffer =>
    bytes({ ...known, consumer: 'c', subject, seq: 7, body_base64: bytes(body).toString('base64') });
  const told = (subject: string, body?: unknown, known?: object): unknown[] => {
    const whose = whoseLetter(letter(subject, body, known));
    return [whose?.user, whose?.workflow, whose?.stream, whose?.seq];
  };
  assert.deepEqual(told(logSubject('tool.requested', key)), ['ann', 'wf_1', 'AGENTS', 7]);
  assert.deepEqual(told('agents-timers.fired.ann.wf_1.t'), ['ann', 'wf_1', 'AGENTS_TIMERS', 7]);
  assert.deepEqual(told(BARE, { user_id: 'bob' }), ['bob', undefined, 'AGENTS_IN', 7]);
  const cut = '{"goal":"abc';
  assert.deepEqual(told(BARE, cut, { user: 'dan', workflow: 'wf_3' }), ['dan', 'wf_3', 'AGENTS_IN', 7]);
  assert.equal(whoseLetter(bytes({ type: 'io.nats.jetstream.advisory.v1.max_deliver' })), undefined);
  assert.equal(whoseLetter(bytes('no letter')), undefined);
});
