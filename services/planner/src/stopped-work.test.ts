// A deadline that passes, somebody who cancels, a log that is at its limit: the run ends, work in flight is stopped, nothing starts
// afterwards, and a result that comes too late is refused by the log.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventDraft, LogEvent, StoredEvent } from '@troupe/contracts';
import { eventId, logSubject, START, WorkflowId } from '@troupe/contracts';
import { LOG_STREAM, NoLongerWanted } from '@troupe/shared';
import { checkLog } from './test-support/check-log.ts';
import type { DeadLetter } from './test-support/dead-letters.ts';
import { deadLettersIn } from './test-support/dead-letters.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack, user } from './test-support/stack.ts';
import { requested, says } from './test-support/turns.ts';
import { agentMachine } from './workflows/agent-machine.ts';
import { automation } from './workflows/automation.ts';

const machine = agentMachine(automation);

let stack: Stack;
/** Signals of the model calls that began, by workflow: the model says nothing before it is told to stop, and then says it too late. */
let thinking: Map<string, AbortSignal>;
before(async () => {
  stack = await startStack(async ({ workflow }, signal) => {
    thinking.set(workflow, signal);
    if (!signal.aborted) await once(signal, 'abort');
    await sleep(50);
    return says('too late');
  });
});
beforeEach(() => {
  thinking = new Map();
});
after(() => stack[Symbol.asyncDispose]());

const ending = (log: readonly StoredEvent[]) => (log.at(-1) as LogEvent<'workflow.failed'>).data;
const begun = (workflow: string) => stack.until(workflow, ({ type }) => type === 'llm.requested');

async function within<T>(ms: number, what: string, happened: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const result = await happened();
    if (result != null) return result;
    await sleep(20);
  }
  throw new Error(`${what}: not within ${ms} ms`);
}

/** The model call was told to stop, its result is not in the log, and nobody could write it there. */
async function assertStopped(workflow: string, log: readonly StoredEvent[]): Promise<void> {
  const signal = thinking.get(workflow);
  assert.ok(signal !== undefined);
  // Less than the ten seconds after which a worker looks by itself.
  await within(8_000, 'the model call is stopped', () => signal.aborted || undefined);
  assert.ok(signal.reason instanceof NoLongerWanted);
  const request = log.find((event) => event.type === 'llm.requested');
  assert.ok(request?.type === 'llm.requested');
  const { correlationId } = request;
  const late: EventDraft<'llm.completed'> = {
    ...{ type: 'llm.completed', user, workflow: request.workflow, correlationId, data: says('too late') },
    ...{ id: eventId(request.id, 'outcome'), source: '/test', causationId: request.id },
  };
  const refused = await stack.kernel.log.append(late, { after: request.position });
  assert.equal(refused.kind, 'conflict');
  await sleep(200);
  assert.deepEqual(await stack.log(workflow), log, 'nothing was written behind the end');
  checkLog(log, machine);
}

const lettersOf = async (workflow: string): Promise<DeadLetter[]> =>
  (await deadLettersIn(stack.kernel)).filter(({ error }) => error.message.includes(workflow));

test('a deadline that passes while no planner runs ends the run as soon as one is back, and stops the work', async (t) => {
  const planner = await stack.planner(t);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'late', deadline_seconds: 4 });
  await begun('late');
  planner.kill('SIGKILL');
  await planner.exited;
  await sleep(4_500);
  assert.equal((await stack.log('late')).at(-1)?.type, 'llm.requested', 'nobody was there');
  await stack.planner(t);
  const log = await stack.ended('late');
  assert.deepEqual(
    log.slice(-2).map(({ type }) => type),
    ['timer.fired', 'workflow.failed'],
  );
  assert.equal(ending(log).error?.code, 'deadline_exceeded');
  await assertStopped('late', log);
});

test('a deadline that passes while a planner runs does the same', async (t) => {
  await stack.planner(t);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'soon', deadline_seconds: 1 });
  const log = await stack.ended('soon');
  assert.equal(ending(log).error?.code, 'deadline_exceeded');
  await assertStopped('soon', log);
});

test('a cancellation stops the work; told again, or to what ended, it changes nothing and is no dead letter', async (t) => {
  await stack.planner(t);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'stopped' });
  await begun('stopped');
  stack.publish('cancel_requested', { workflow_id: 'stopped', reason: 'first' });
  stack.publish('cancel_requested', { workflow_id: 'stopped', reason: 'second' });
  const log = await stack.ended('stopped');
  assert.deepEqual([log.at(-1)?.type, ending(log).reason], ['workflow.cancelled', 'first']);
  assert.equal(log.filter(({ type }) => type === 'workflow.cancel_requested').length, 1);
  stack.publish('cancel_requested', { workflow_id: 'stopped', reason: 'third' });
  await assertStopped('stopped', log);
  assert.deepEqual(await lettersOf('stopped'), []);
});

test('a cancellation that comes before its request is kept for it', async (t) => {
  await stack.planner(t);
  stack.publish('cancel_requested', { workflow_id: 'early', reason: 'changed my mind' });
  await sleep(300);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'early' });
  const log = await stack.ended('early');
  assert.deepEqual([log.at(-1)?.type, ending(log).reason], ['workflow.cancelled', 'changed my mind']);
  checkLog(log, machine);
});

test("another user's cancellation or signal, or one of an unknown run, is a dead letter and touches nothing", async (t) => {
  await stack.planner(t);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'alices' });
  const before = await begun('alices');
  const { connection } = stack.kernel;
  for (const body of ['{"workflow_id":"alices","name":"go"}', '{"workflow_id":"nobodys","name":"go"}']) {
    connection.publish('agents.workflow.cancel_requested.bob', body);
    connection.publish('agents.workflow.signalled.bob', body);
  }
  for (const workflow of ['alices', 'nobodys']) {
    await within(90_000, 'dead letters', async () =>
      (await lettersOf(workflow)).length === 2 ? true : undefined,
    );
    for (const { error } of await lettersOf(workflow)) assert.equal(error.code, 'unknown_workflow');
  }
  assert.deepEqual(await stack.log('alices'), before);
  assert.equal(thinking.get('alices')?.aborted, false);
});

test('signals stand in the log of a run that goes on, each once; after its end they are dead letters', async (t) => {
  await stack.planner(t);
  stack.publish('requested', { goal: 'Tell me', workflow_id: 'told' });
  await begun('told');
  for (let i = 0; i < 100; i += 1) stack.publish('signalled', { workflow_id: 'told', name: 'note', data: i });
  await within(30_000, 'all signals', async () =>
    (await stack.log('told')).length >= 104 ? true : undefined,
  );
  const noted = (await stack.log('told')).filter((event) => event.type === 'workflow.signalled');
  assert.deepEqual(
    noted.map(({ data }) => data.data).sort((a, b) => Number(a) - Number(b)),
    Array.from({ length: 100 }, (_, i) => i),
  );
  stack.publish('cancel_requested', { workflow_id: 'told' });
  const log = await stack.ended('told');
  stack.publish('signalled', { workflow_id: 'told', name: 'note' });
  const [letter] = await within(30_000, 'a dead letter', async () => {
    const letters = await lettersOf('told');
    return letters.length > 0 ? letters : undefined;
  });
  assert.equal(letter?.error.code, 'workflow_ended');
  await assertStopped('told', log);
});

test('a run whose log is at its limit fails with log_limit, and its work is stopped', async (t) => {
  await stack.planner(t);
  const workflow = WorkflowId.parse('full');
  const { version, hash } = automation;
  const draft: EventDraft<'workflow.requested'> = {
    ...{ type: 'workflow.requested', user, workflow, correlationId: 'full', source: '/troupe/planner/door' },
    ...{ id: eventId('test', 'full'), causationId: 'test' },
    data: requested({ definition: { version, hash }, max_events: 10 }),
  };
  await stack.kernel.log.append(draft, { after: START });
  await begun('full');
  for (let i = 0; i < 10; i += 1) stack.publish('signalled', { workflow_id: 'full', name: 'note' });
  const log = await stack.ended('full');
  assert.equal(ending(log).error?.code, 'log_limit');
  assert.match(ending(log).error?.message ?? '', /10 events/);
  await assertStopped('full', log);
  const { connection } = stack.kernel;
  const { state } = await (await connection.jetstreamManager()).streams.info(LOG_STREAM, {
    subjects_filter: logSubject('workflow.signalled', { user, workflow }),
  });
  const signals = Object.values(state.subjects ?? {})[0] ?? 0;
  assert.equal(signals, log.length - 5);
});
