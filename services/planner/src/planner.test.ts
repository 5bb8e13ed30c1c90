import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEvent, StoredEvent } from '@troupe/contracts';
import { eventId, timerSubject, WorkflowId } from '@troupe/contracts';
import type { NodeService } from '@troupe/setup';
import { CLOCK_STREAM, DEAD_STREAM } from '@troupe/shared';
import { createClock } from './clock.ts';
import { checkClosedOnce, checkLog } from './test-support/check-log.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack, user } from './test-support/stack.ts';
import { agentMachine } from './workflows/agent-machine.ts';
import { automation } from './workflows/automation.ts';

const machine = agentMachine(automation);

let stack: Stack;
before(async () => {
  stack = await startStack();
});
after(() => stack[Symbol.asyncDispose]());

const ending = (log: readonly StoredEvent[]) => (log.at(-1) as LogEvent<'workflow.failed'>).data;
const messagesIn = async (stream: string): Promise<number> =>
  (await (await stack.kernel.connection.jetstreamManager()).streams.info(stream)).state.messages;

async function eventually(is: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await is())) {
    assert.ok(Date.now() < end, 'it did not happen within 30 s');
    await sleep(20);
  }
}

test('a run is completed, its log is what its fold owes, and its deadline is withdrawn', async (t) => {
  const planner = await stack.planner(t);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'first' });
  const log = await stack.ended('first');
  assert.equal(log.at(-1)?.type, 'workflow.completed');
  checkLog(log, machine);
  await eventually(async () => (await messagesIn(CLOCK_STREAM)) === 0);
  planner.kill('SIGTERM');
  assert.deepEqual(await planner.exited, { code: 0, signal: null });
});

test('a run that is cancelled right behind its request is cancelled', async (t) => {
  await stack.planner(t);
  const workflows = Array.from({ length: 20 }, (_, i) => `cancelled-${i}`);
  for (const workflow_id of workflows) {
    stack.publish('requested', { goal: 'Keep silence', workflow_id });
    stack.publish('cancel_requested', { workflow_id, reason: 'changed my mind' });
  }
  for (const workflow of workflows) {
    const log = await stack.ended(workflow);
    assert.deepEqual([log.at(-1)?.type, ending(log).reason], ['workflow.cancelled', 'changed my mind']);
    checkLog(log, machine);
  }
});

test('messages that nobody can read hold up nothing and become dead letters', async (t) => {
  await stack.planner(t);
  const dead = await messagesIn(DEAD_STREAM);
  const { connection } = stack.kernel;
  const deep = `{"goal":"x","preferences":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`;
  const bodies = [
    '',
    '{',
    deep,
    new Uint8Array([0xff]),
    'x'.repeat(1_000_000),
    '{"goal":"x","user_id":"bob"}',
  ];
  for (const body of bodies) connection.publish(`agents.workflow.requested.${user}`, body);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'behind' });
  assert.equal((await stack.ended('behind')).at(-1)?.type, 'workflow.completed');
  await eventually(async () => (await messagesIn(DEAD_STREAM)) === dead + bodies.length);
});

test('a timer that is set for an instant in the past fires at once, and setting it again replaces it', async () => {
  const { publisher, connection } = stack.kernel;
  const clock = createClock({
    publisher,
    publish: (subject, body) => {
      connection.publish(subject, body);
    },
    now: Date.now,
  });
  const key = { user, workflow: WorkflowId.parse('no-run') };
  const timer = (dueAt: number) => ({ id: eventId('t', 'x'), event: { type: 'late' }, dueAt });
  const setTimers = async (): Promise<number> => {
    const manager = await connection.jetstreamManager();
    const filter = timerSubject(key, timer(0).id);
    const { state } = await manager.streams.info(CLOCK_STREAM, { subjects_filter: filter });
    return Object.keys(state.subjects ?? {}).length;
  };
  await clock.set(key, timer(Date.now() + 3_600_000));
  await clock.set(key, timer(Date.now() + 7_200_000));
  assert.equal(await setTimers(), 1);
  clock.clear(key, timer(Date.now() + 7_200_000));
  await eventually(async () => (await setTimers()) === 0);
  const before = await messagesIn(CLOCK_STREAM);
  await clock.set(key, timer(Date.now() - 60_000));
  await eventually(async () => (await setTimers()) === 0 && (await messagesIn(CLOCK_STREAM)) === before + 1);
});

test('runs are completed, once each, while two planners at a time are killed at random', async (t) => {
  const planners: NodeService[] = await Promise.all([stack.planner(t), stack.planner(t)]);
  const workflows = Array.from({ length: 100 }, (_, i) => `killed-${i}`);
  const publishing = (async () => {
    for (const workflow_id of workflows) {
      stack.publish('requested', { goal: 'Tell me', workflow_id });
      await sleep(40);
    }
  })();
  for (let kill = 0; kill < 5; kill += 1) {
    await sleep(Math.random() * 600);
    planners[kill % 2]?.kill('SIGKILL');
    await planners[kill % 2]?.exited;
    planners[kill % 2] = await stack.planner(t);
  }
  await publishing;
  for (const workflow of workflows) {
    const log = await stack.ended(workflow);
    assert.equal(log.at(-1)?.type, 'workflow.completed');
    checkLog(log, machine);
    checkClosedOnce(log);
  }
});
