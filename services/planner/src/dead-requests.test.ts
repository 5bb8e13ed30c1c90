// Requests that the server gave up, by its own advisories, beside a planner process.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEvent, StoredEvent } from '@troupe/contracts';
import { deadSubject, isTerminal, logSubject, WorkflowId } from '@troupe/contracts';
import { DEAD_STREAM, LOG_STREAM } from '@troupe/shared';
import { checkLog } from './test-support/check-log.ts';
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

/** A worker that dies over each delivery of a message, until the server gives it up. */
async function dieOver(workflow: string, type: string, consumer: string): Promise<void> {
  const { connection } = stack.kernel;
  const manager = await connection.jetstreamManager();
  await manager.consumers.add(LOG_STREAM, {
    durable_name: consumer,
    ack_policy: 'explicit' as never,
    ack_wait: 50e6,
    max_deliver: 2,
    filter_subject: logSubject(type, { user, workflow: WorkflowId.parse(workflow) }),
  });
  const dying = await connection.jetstream().consumers.get(LOG_STREAM, consumer);
  const deliveries: number[] = [];
  // The server gives a message up when somebody asks for the next one.
  const asking = await dying.consume({ callback: ({ info }) => void deliveries.push(info.deliveryCount) });
  await untilLetter(consumer);
  await asking.close();
  assert.ok(Math.max(...deliveries) === 2, `delivered ${deliveries.join()}`);
  await manager.consumers.delete(LOG_STREAM, consumer);
}

async function lettersOf(consumer: string): Promise<number> {
  const manager = await stack.kernel.connection.jetstreamManager();
  const { state } = await manager.streams.info(DEAD_STREAM, { subjects_filter: deadSubject(consumer) });
  return state.subjects?.[deadSubject(consumer)] ?? 0;
}

async function untilLetter(consumer: string): Promise<void> {
  const end = Date.now() + 30_000;
  while ((await lettersOf(consumer)) === 0) {
    assert.ok(Date.now() < end, 'no dead letter within 30 s');
    await sleep(50);
  }
}

test('a model call whose every worker dies is answered with its failure, and its run ends', async (t) => {
  await stack.planner(t);
  stack.publish('requested', { goal: 'Keep silence', workflow_id: 'dead' });
  await stack.until('dead', ({ type }) => type === 'llm.requested');
  await dieOver('dead', 'llm.requested', 'dying-gateway');
  const log = await stack.ended('dead');
  const failed = log.find(({ type }) => type === 'llm.failed') as LogEvent<'llm.failed'>;
  assert.deepEqual([failed.data.error.code, failed.source], ['never_settled', '/troupe/planner/given-up']);
  assert.equal(
    (log.at(-1) as LogEvent<'workflow.failed'>).data.cost_nano_usd,
    null,
    'nobody knows who was asked',
  );
  assert.equal((log.at(-1) as LogEvent<'workflow.failed'>).data.error?.code, 'never_settled');
  checkLog(log, machine);
});

test('a request that is settled and was given up later changes nothing; a dead letter says so', async (t) => {
  await stack.planner(t);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'settled' });
  const before = await stack.ended('settled');
  await dieOver('settled', 'tool.requested', 'dying-executor');
  assert.deepEqual(types(await stack.log('settled')), types(before));
});

test('an event that is no request and was given up becomes a dead letter', async (t) => {
  await stack.planner(t);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'followed' });
  const before = await stack.ended('followed');
  await dieOver('followed', 'workflow.completed', 'dying-follower');
  assert.deepEqual(types(await stack.log('followed')), types(before));
});

const types = (log: readonly StoredEvent[]): string[] => log.map(({ type }) => type);

test('what is no advisory, or tells of a message that is gone, holds up nothing', async (t) => {
  await stack.planner(t);
  const { connection } = stack.kernel;
  const subject = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.AGENTS.x';
  const gone = { stream: LOG_STREAM, consumer: 'x', stream_seq: 9_999_999, deliveries: 20 };
  for (const body of ['', '{"stream":7}', JSON.stringify(gone)]) connection.publish(subject, body);
  stack.publish('requested', { goal: 'Keep silence', workflow_id: 'behind' });
  await stack.until('behind', ({ type }) => type === 'llm.requested');
  await dieOver('behind', 'llm.requested', 'dying-again');
  assert.ok(isTerminal((await stack.ended('behind')).at(-1)?.type ?? ''));
});
