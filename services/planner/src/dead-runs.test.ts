// What the planner gives up ends its run, once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LogEvent, WorkflowKey } from '@troupe/contracts';
import { ContractError, logSubject, WorkflowId } from '@troupe/contracts';
import { RetryableError, TerminalError } from '@troupe/shared';
import { failRun, giveUpBugs } from './dead-runs.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack, user } from './test-support/stack.ts';

let stack: Stack;
before(async () => {
  stack = await startStack();
});
after(() => stack[Symbol.asyncDispose]());

const FAILURE = { code: 'planner_error', message: 'm', hint: 'h' };

test('a run whose trigger is given up ends as failed, once, and those at work on it are told', async (t) => {
  await stack.planner(t);
  stack.publish('requested', { goal: 'Keep silence', workflow_id: 'stuck' });
  const log = await stack.until('stuck', ({ type }) => type === 'llm.requested');
  const key = { user, workflow: WorkflowId.parse('stuck') };
  const delivery = { subject: logSubject('llm.requested', key), seq: log.at(-1)?.position.seq ?? 0 };
  const knocked: WorkflowKey[] = [];
  const means = { ...stack.kernel.log, knock: (run: WorkflowKey) => void knocked.push(run) };
  await Promise.all([failRun(means, delivery, FAILURE), failRun(means, delivery, FAILURE)]);
  await failRun(means, delivery, FAILURE);
  const ended = await stack.ended('stuck');
  const { type, data } = ended.at(-1) as LogEvent<'workflow.failed'>;
  assert.deepEqual([type, data.error, ended.length], ['workflow.failed', FAILURE, log.length + 1]);
  assert.ok(knocked.length >= 1);
});

test('what stands at no subject of the log, or in no log, ends nothing', async () => {
  const means = { ...stack.kernel.log, knock: () => assert.fail('nothing was ended') };
  await failRun(means, { subject: 'agents.workflow.requested', seq: 1 }, FAILURE);
  const key = { user, workflow: WorkflowId.parse('nowhere') };
  await failRun(means, { subject: logSubject('llm.requested', key), seq: 0 }, FAILURE);
});

test('a bug is tried 20 times before it is given up; what tells its own kind is left to it', () => {
  const bug = new TypeError('x is undefined');
  assert.throws(() => giveUpBugs(bug, { attempt: 19 }), bug);
  assert.throws(
    () => giveUpBugs(bug, { attempt: 20 }),
    (error: unknown) => error instanceof TerminalError && error.failure.code === 'planner_error',
  );
  for (const told of [new RetryableError('away', 'm'), new ContractError('c'), new TerminalError(FAILURE)])
    assert.throws(() => giveUpBugs(told, { attempt: 500 }), told);
});
