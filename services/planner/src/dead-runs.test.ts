// What the planner gives up ends its run, once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { LogEvent, WorkflowKey, WorkflowResult } from '@troupe/contracts';
import { ContractError, traceOfRun, WorkflowId } from '@troupe/contracts';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { RunOutline } from './core/outline.ts';
import { failRun, giveUpBugs } from './dead-runs.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack, user } from './test-support/stack.ts';
import { call, calls } from './test-support/turns.ts';

let stack: Stack;
before(async () => {
  // Two calls, and then silence.
  stack = await startStack(async ({ data }, signal) => {
    if (data.turn > 1) await once(signal, 'abort');
    return calls(call('a'), call('b'));
  });
});
after(() => stack[Symbol.asyncDispose]());

const FAILURE = { code: 'planner_error', message: 'm', hint: 'h' };

test('a run whose trigger is given up ends as failed, once, with what it used, and is told of as any run that ends', async (t) => {
  await stack.planner(t);
  stack.publish('requested', { goal: 'x', workflow_id: 'stuck' });
  const log = await stack.until('stuck', (event) => event.type === 'llm.requested' && event.data.turn > 1);
  const key = { user, workflow: WorkflowId.parse('stuck') };
  const trigger = { key, seq: log.at(-1)?.position.seq ?? 0 };
  const knocked: WorkflowKey[] = [];
  const told: [RunOutline, WorkflowResult][] = [];
  const means = {
    ...stack.kernel.log,
    knock: (run: WorkflowKey) => void knocked.push(run),
    ended: (run: RunOutline, result: WorkflowResult) => void told.push([run, result]),
  };
  await Promise.all([failRun(means, trigger, FAILURE), failRun(means, trigger, FAILURE)]);
  await failRun(means, trigger, FAILURE);
  const ended = await stack.ended('stuck');
  const { type, data, traceparent } = ended.at(-1) as LogEvent<'workflow.failed'>;
  assert.deepEqual([type, data.error, ended.length], ['workflow.failed', FAILURE, log.length + 1]);
  // A recall, a model call and two tool calls.
  assert.deepEqual([data.steps, data.usage], [4, calls().usage]);
  assert.equal(traceparent, traceOfRun(log[0]!).traceparent);
  const [first, ...more] = told;
  assert.deepEqual([first?.[0].workflowType, first?.[1], more], ['automation', data, []]);
  assert.ok(knocked.length >= 1);
});

test('what stands at no subject of the log, or in no log, ends nothing', async () => {
  const never = (): never => assert.fail('nothing was ended');
  const means = { ...stack.kernel.log, knock: never, ended: never };
  await failRun(means, { key: undefined, seq: 1 }, FAILURE);
  const key = { user, workflow: WorkflowId.parse('nowhere') };
  await failRun(means, { key, seq: 0 }, FAILURE);
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
