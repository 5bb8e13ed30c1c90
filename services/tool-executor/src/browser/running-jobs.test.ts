import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkflowKey } from '@troupe/contracts';
import { UserId, WorkflowId } from '@troupe/contracts';
import { ToolError } from '../tool.ts';
import { RunningJobs } from './running-jobs.ts';

const key = (user: string, workflow: string): WorkflowKey => ({
  user: UserId.parse(user),
  workflow: WorkflowId.parse(workflow),
});

test('A job is stopped for its own user and workflow only, with the reason that it was cancelled.', () => {
  const running = new RunningJobs();
  const ours = running.begin(key('ann', 'wf'), 'job_1');
  const others = [
    running.begin(key('ann', 'wf'), 'job_2'),
    running.begin(key('ann', 'wf_2'), 'job_1'),
    running.begin(key('bob', 'wf'), 'job_1'),
  ];
  running.stop(key('ann', 'wf'), 'job_1');
  assert.ok(ours.signal.reason instanceof ToolError);
  assert.equal(ours.signal.reason.failure.code, 'job_cancelled');
  assert.deepEqual(
    others.map(({ signal }) => signal.aborted),
    [false, false, false],
  );
});

test('A job that has ended is left alone, and its neighbour goes on.', () => {
  const running = new RunningJobs();
  const ended = running.begin(key('ann', 'wf'), 'job_0');
  ended[Symbol.dispose]();
  const other = running.begin(key('ann', 'wf'), 'job_1');
  running.stop(key('ann', 'wf'), 'job_0');
  assert.deepEqual([ended.signal.aborted, other.signal.aborted], [false, false]);
});
