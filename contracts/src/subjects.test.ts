// Subjects are fixed for ever: they stand in stored messages. What is parsed is what was built, and nothing else is parsed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserId, WorkflowId } from './ids.ts';
import {
  abortSubject,
  doorSubject,
  firedSubject,
  logSubject,
  parseAbortSubject,
  parseDoorSubject,
  parseFiredSubject,
  parseLogSubject,
  parseRpcUser,
  rpcSubject,
  shardOf,
  timerSubject,
  workflowFilter,
} from './subjects.ts';

const key = { user: UserId.parse('alice'), workflow: WorkflowId.parse('wf_1') };

test('the shard of an id never changes', () => {
  const known = ['wf_1', 'a', 'B', '-', '_', 'order-42', 'wf_0123456789abcdef0123', 'x'.repeat(64)];
  assert.deepEqual(
    known.map((workflow) => shardOf(WorkflowId.parse(workflow))),
    [4, 4, 5, 0, 6, 4, 1, 5],
  );
});

test('the subjects of one workflow are these', () => {
  assert.equal(logSubject('tool.requested', key), 'agents.tool.requested.4.alice.wf_1');
  assert.equal(workflowFilter(key), 'agents.*.*.4.alice.wf_1');
  assert.equal(doorSubject('workflow.requested', key.user), 'agents.workflow.requested.alice');
  assert.equal(doorSubject('workflow.requested'), 'agents.workflow.requested');
  assert.equal(timerSubject(key, 't1'), 'agents-timers.set.alice.wf_1.t1');
  assert.equal(firedSubject(key, 't1'), 'agents-timers.fired.alice.wf_1.t1');
  assert.equal(abortSubject(key), 'agents.abort.alice.wf_1');
  assert.equal(rpcSubject('memory', 'search', key.user), 'agents.rpc.memory.search.alice');
});

const FOREIGN = [
  '',
  'agents',
  'agents.tool.requested.x.alice.wf_1',
  'agents.tool.requested.4.alice',
  'agents.tool.requested.4.alice.wf_1.more',
  'other.tool.requested.4.alice.wf_1',
  'agents..requested.4.alice.wf_1',
  'agents.tool.requested.-1.alice.wf_1',
  'agents.tool.requested.4.*.wf_1',
  'agents.tool.requested.4.alice.>',
  // The shard is the workflow's, not anybody's choice.
  'agents.tool.requested.5.alice.wf_1',
  'agents.tool.requested.04.alice.wf_1',
];
for (const subject of FOREIGN) {
  test(`"${subject}" is not a subject of the log, of the clock, of an abort or of a query`, () => {
    for (const parse of [parseLogSubject, parseFiredSubject, parseAbortSubject, parseRpcUser])
      assert.equal(parse(subject), undefined);
  });
}

test('a knock is read with its user as it stands, or without one', () => {
  assert.deepEqual(parseDoorSubject('agents.workflow.requested.a@b'), {
    type: 'workflow.requested',
    user: 'a@b',
  });
  assert.deepEqual(parseDoorSubject('agents.workflow.requested'), {
    type: 'workflow.requested',
    user: undefined,
  });
  for (const subject of ['agents.workflow', 'agents.workflow.requested.a.b', 'other.workflow.requested'])
    assert.equal(parseDoorSubject(subject), undefined);
});
