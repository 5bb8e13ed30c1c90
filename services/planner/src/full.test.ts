// Streams at their limit. The door says so to whoever publishes; the log makes everybody wait who would write it, and everything
// goes on when there is room again.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredEvent } from '@troupe/contracts';
import { DOOR_STREAM, LOG_STREAM } from '@troupe/shared';
import { checkClosedOnce, checkLog } from './test-support/check-log.ts';
import { deadLettersIn } from './test-support/dead-letters.ts';
import { REQUESTED } from './test-support/door-messages.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack, user } from './test-support/stack.ts';
import { says } from './test-support/turns.ts';
import { agentMachine } from './workflows/agent-machine.ts';
import { automation } from './workflows/automation.ts';

const machine = agentMachine(automation);

let stack: Stack;
/** The model answers once this is resolved. */
let mayAnswer: Promise<void> = Promise.resolve();
before(async () => {
  stack = await startStack(async () => {
    await mayAnswer;
    return says('Done.');
  });
});
after(() => stack[Symbol.asyncDispose]());

const ROOM = 500_000_000;
const manager = () => stack.kernel.connection.jetstreamManager();
const limit = async (stream: string, max_bytes: number): Promise<void> => {
  await (await manager()).streams.update(stream, { max_bytes });
};
/** Leaves no room for anything. */
const fill = async (stream: string): Promise<void> =>
  limit(stream, (await (await manager()).streams.info(stream)).state.bytes);
afterEach(async () => {
  for (const stream of [DOOR_STREAM, LOG_STREAM]) await limit(stream, ROOM);
});

/** What a client gets that publishes at the door and waits for the answer. */
async function published(body: object): Promise<{ seq?: number; error?: { err_code: number } }> {
  const reply = await stack.kernel.connection.request(`${REQUESTED}.${user}`, JSON.stringify(body));
  return reply.json();
}

const assertCompleted = (log: readonly StoredEvent[]): void => {
  assert.equal(log.at(-1)?.type, 'workflow.completed');
  checkLog(log, machine);
  checkClosedOnce(log);
};

test('a door that is full says so to whoever publishes; what it took before is done, and it takes more when there is room', async (t) => {
  await stack.planner(t);
  assert.ok((await published({ goal: 'x', workflow_id: 'taken' })).seq);
  await fill(DOOR_STREAM);
  assert.equal((await published({ goal: 'x', workflow_id: 'refused' })).error?.err_code, 10077);
  assertCompleted(await stack.ended('taken'));
  await limit(DOOR_STREAM, ROOM);
  assert.ok((await published({ goal: 'x', workflow_id: 'again' })).seq);
  assertCompleted(await stack.ended('again'));
  assert.deepEqual(await stack.log('refused'), []);
});

test('requests wait at the door while the log is full, and all begin when there is room', async (t) => {
  await stack.planner(t);
  const letters = (await deadLettersIn(stack.kernel)).length;
  await fill(LOG_STREAM);
  const workflows = Array.from({ length: 10 }, (_, i) => `waits-${i}`);
  for (const workflow_id of workflows) assert.ok((await published({ goal: 'x', workflow_id })).seq);
  await sleep(1_000);
  for (const workflow of workflows) assert.deepEqual(await stack.log(workflow), []);
  await limit(LOG_STREAM, ROOM);
  for (const workflow of workflows) assertCompleted(await stack.ended(workflow));
  assert.equal((await deadLettersIn(stack.kernel)).length, letters, 'nothing was given up');
});

test('a run whose next event finds the log full goes on when there is room, and nothing is written twice', async (t) => {
  await stack.planner(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  mayAnswer = promise;
  await published({ goal: 'x', workflow_id: 'middle' });
  await stack.until('middle', ({ type }) => type === 'llm.requested');
  await fill(LOG_STREAM);
  resolve();
  await sleep(1_000);
  assert.equal((await stack.log('middle')).at(-1)?.type, 'llm.requested');
  await limit(LOG_STREAM, ROOM);
  assertCompleted(await stack.ended('middle'));
});
