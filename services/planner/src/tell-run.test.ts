import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { LogEvent } from '@troupe/contracts';
import { createMachine } from './test-support/machines.ts';
import { MemoryDoor, refusal } from './test-support/memory-door.ts';

let door: MemoryDoor;
beforeEach(() => {
  door = new MemoryDoor();
});

test('a cancellation is recorded once per message, with its reason', async () => {
  await door.request({ workflow_id: 'wf_1' });
  const cancel = door.delivery('cancel_requested.alice', { workflow_id: 'wf_1', reason: 'enough' });
  await door.handle(cancel);
  await door.handle(cancel);
  const recorded = door.log('wf_1').filter(({ type }) => type === 'workflow.cancel_requested') as LogEvent[];
  assert.deepEqual(
    recorded.map(({ data }) => data),
    [{ reason: 'enough' }],
  );
});

test('a cancellation is recorded once per message by a run that goes on after it, too', async () => {
  const machine = createMachine({ on: { '*': {} } });
  door = new MemoryDoor(() => machine);
  await door.request({ workflow_id: 'wf_1' });
  await door.runs.deliver(door.log('wf_1')[0]!);
  const cancel = (at: number) =>
    door.handle(door.delivery('cancel_requested.alice', { workflow_id: 'wf_1' }, at));
  await cancel(7);
  await door.runs.deliver(door.log('wf_1').at(-1)!);
  await cancel(7);
  door.restart();
  await cancel(7);
  assert.equal(door.log('wf_1').length, 2);
  await cancel(8);
  assert.equal(door.log('wf_1').length, 3);
});

test('a cancellation of a run that is over is nothing', async () => {
  door.enabled = false;
  await door.handle(door.delivery('requested.alice', { goal: 'x', workflow_id: 'wf_1' }));
  await door.runs.deliver(door.log('wf_1')[0]!);
  await door.handle(door.delivery('cancel_requested.alice', { workflow_id: 'wf_1' }));
  assert.equal(door.log('wf_1').length, 2);
});

test('a cancellation that overtakes its request waits for it; without a request it becomes a dead letter', async () => {
  const cancel = (attempt: number) =>
    door.handle(door.delivery('cancel_requested.alice', { workflow_id: 'wf_1' }, 5, attempt));
  assert.equal(await refusal(cancel(1)), 'retry unknown_workflow');
  assert.equal(await refusal(cancel(7)), 'retry unknown_workflow');
  assert.equal(await refusal(cancel(8)), 'unknown_workflow');
  await door.request({ workflow_id: 'wf_1' });
  assert.equal(await refusal(cancel(2)), 'accepted');
  assert.equal(door.log('wf_1').at(-1)?.type, 'workflow.cancel_requested');
});

test("another user's run cannot be cancelled", async () => {
  await door.request({ workflow_id: 'wf_1' });
  const cancel = door.delivery('cancel_requested.bob', { workflow_id: 'wf_1' }, undefined, 15);
  assert.equal(await refusal(door.handle(cancel)), 'unknown_workflow');
  assert.equal(door.log('wf_1').length, 1);
});

const signal = (over: object = {}, at?: number, attempt?: number): Promise<void> =>
  door.handle(door.delivery('signalled.alice', { workflow_id: 'wf_1', name: 'go', ...over }, at, attempt));
const signals = (): LogEvent<'workflow.signalled'>[] =>
  door.log('wf_1').filter(({ type }) => type === 'workflow.signalled') as LogEvent<'workflow.signalled'>[];

test('a signal is recorded with its name and data, as something that the door tells', async () => {
  await door.request({ workflow_id: 'wf_1', correlation_id: 'order:7' });
  await signal({ data: { total: 42 } });
  const [first] = signals();
  assert.deepEqual(first?.data, { name: 'go', data: { total: 42 } });
  assert.deepEqual([first.source, first.correlationId], ['/troupe/planner/door', 'order:7']);
  assert.equal(first.causationId, 'AGENTS_IN@2026/2');
});

test('a signal is recorded once per message, however often and however late that is delivered', async () => {
  await door.request({ workflow_id: 'wf_1' });
  await signal({}, 7);
  await signal({}, 7);
  await door.runs.deliver(door.log('wf_1')[0]!);
  await door.runs.deliver(signals()[0]!);
  await signal({}, 7);
  door.restart();
  await signal({}, 7);
  assert.equal(signals().length, 1);
  await signal({}, 8);
  assert.equal(signals().length, 2);
});

test('a signal that is delivered again after its run ended is no dead letter', async () => {
  await door.request({ workflow_id: 'wf_1' });
  await signal({}, 7);
  await door.handle(door.delivery('cancel_requested.alice', { workflow_id: 'wf_1' }));
  await door.runs.deliver(door.log('wf_1').at(-1)!);
  assert.equal(door.log('wf_1').at(-1)?.type, 'workflow.cancelled');
  assert.equal(await refusal(signal({}, 7)), 'accepted');
  assert.equal(await refusal(signal({}, 8)), 'workflow_ended');
  assert.equal(door.log('wf_1').at(-1)?.type, 'workflow.cancelled');
});

test('a signal for a run that was never requested, or is of another user, waits for it and is then refused', async () => {
  assert.equal(await refusal(signal({}, 5, 1)), 'retry unknown_workflow');
  assert.equal(await refusal(signal({}, 5, 8)), 'unknown_workflow');
  await door.request({ workflow_id: 'wf_1' });
  const ofBob = door.delivery('signalled.bob', { workflow_id: 'wf_1', name: 'go' }, undefined, 15);
  assert.equal(await refusal(door.handle(ofBob)), 'unknown_workflow');
  assert.deepEqual(signals(), []);
});

test('a run takes a thousand signals; the next is refused, and the run goes on, still in memory', async () => {
  await door.request({ workflow_id: 'wf_1' });
  await door.runs.deliver(door.log('wf_1')[0]!);
  for (let i = 0; i < 1_000; i += 1) {
    await signal({}, 10 + i);
    await door.runs.deliver(door.log('wf_1').at(-1)!);
  }
  const reads = () => door.kernel.done.filter((what) => what === 'whole' || what === 'tail').length;
  const before = reads();
  assert.equal(await refusal(signal({}, 2_000)), 'signal_limit');
  assert.equal(await refusal(signal({}, 2_001)), 'signal_limit');
  assert.equal(await refusal(signal({}, 10)), 'accepted', 'one of the thousand, delivered again');
  assert.equal(reads(), before, 'a refused signal costs no more than a look at where the log ends');
  assert.equal(signals().length, 1_000);
  await door.handle(door.delivery('cancel_requested.alice', { workflow_id: 'wf_1' }));
  assert.equal(door.log('wf_1').at(-1)?.type, 'workflow.cancel_requested');
});

test('signals that come at once are recorded one behind the other, each once', async () => {
  await door.request({ workflow_id: 'wf_1' });
  await Promise.all(Array.from({ length: 50 }, (_, i) => signal({ data: i }, 10 + i)));
  assert.deepEqual(
    signals().map(({ data }) => data.data),
    Array.from({ length: 50 }, (_, i) => i),
  );
});
