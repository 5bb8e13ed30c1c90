import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { LogEvent, StoredEvent } from '@troupe/contracts';
import { UserId, WorkflowId } from '@troupe/contracts';
import type { Delivery } from '@troupe/shared';
import { RetryableError, TerminalError } from '@troupe/shared';
import { Door } from './door.ts';
import { Runs } from './runs.ts';
import { MemoryKernel } from './test-support/memory-kernel.ts';
import { toolReference } from './test-support/turns.ts';
import { automation } from './workflows/automation.ts';
import { createRegistry } from './workflows/registry.ts';

const registry = createRegistry([automation]);
const user = UserId.parse('alice');

let kernel: MemoryKernel;
let runs: Runs;
let offered: string[];
let seq: number;
beforeEach(() => {
  kernel = new MemoryKernel();
  const { append, read, clock } = kernel;
  runs = new Runs({
    append,
    read,
    clock,
    knock: () => undefined,
    machineFor: (run) => registry.machineFor(run),
    cached: 100,
  });
  offered = ['notify_user'];
  seq = 0;
});

const door = (enabled = true): Door =>
  new Door({
    ...{ append: kernel.append, read: kernel.read, runs, registry, enabled, maxTokens: 4_000 },
    currentTools: () => Promise.resolve(offered.map(toolReference)),
    doorId: 'AGENTS_IN@2026',
  });

/** A message at the door; the same `at` is the same message, delivered again. */
function delivery(subject: string, body: unknown, at = (seq += 1), attempt = 1): Delivery {
  return {
    subject: `agents.workflow.${subject}`,
    header: () => undefined,
    body: new TextEncoder().encode(JSON.stringify(body)),
    ...{ seq: at, storedAt: Date.UTC(2026, 0, 1), attempt },
    ...{ ack: () => undefined, nak: () => undefined, working: () => undefined },
  };
}
const request = (body: object, at?: number) =>
  door().handle(delivery('requested.alice', { goal: 'x', ...body }, at));
const log = (workflow: string): StoredEvent[] =>
  kernel.log({ user, workflow: WorkflowId.parse(workflow) }).events;
const codeOf = (error: unknown): string =>
  error instanceof TerminalError
    ? error.failure.code
    : error instanceof RetryableError
      ? `retry ${error.code}`
      : String(error);
const refusal = (handled: Promise<void>): Promise<string> => handled.then(() => 'accepted', codeOf);

test('a request becomes the first event of its run, with everything that the run will ever ask', async () => {
  await request({ workflow_id: 'wf_1', preferences: { language: 'en' }, deadline_seconds: 60 });
  const [first, ...more] = log('wf_1') as LogEvent<'workflow.requested'>[];
  assert.deepEqual(more, []);
  const { request_hash, ...data } = first!.data;
  assert.match(request_hash, /^[0-9a-f]{64}$/);
  assert.deepEqual(data, {
    goal: 'x',
    workflow_type: 'automation',
    preferences: { language: 'en' },
    deadline_seconds: 60,
    settings: {
      enabled: true,
      definition: { version: automation.version, hash: automation.hash },
      ...{ max_iterations: 10, max_repairs: 2, recall_k: 4, max_tokens: 4_000 },
      tools: [toolReference('notify_user')],
    },
  });
  assert.deepEqual([first!.correlationId, first!.causationId], ['wf_1', 'AGENTS_IN@2026/1']);
});

test('a request without an id has one that is the same on every delivery, and another for every message', async () => {
  const handled = delivery('requested.alice', { goal: 'x' });
  const ids = (): string[] => kernel.done.filter((what) => what === 'append workflow.requested');
  await door().handle(handled);
  await door().handle(handled);
  assert.equal(ids().length, 1);
  await door().handle(delivery('requested.alice', { goal: 'x' }));
  assert.equal(ids().length, 2);
});

test('the same request twice is one run, whatever the tools and settings are meanwhile', async () => {
  const body = { workflow_id: 'wf_1', preferences: { a: 1, b: 2 } };
  await request(body);
  offered = ['remember'];
  await request({ ...body, preferences: { b: 2, a: 1 } });
  await request({ ...body, user_id: 'alice', correlation_id: 'another' });
  assert.equal(log('wf_1').length, 1);
});

test('another request under the same id is refused, and the first stands', async () => {
  await request({ workflow_id: 'wf_1' });
  for (const other of [{ goal: 'y' }, { deadline_seconds: 61 }, { preferences: {} }, { history: [] }])
    assert.equal(await refusal(request({ workflow_id: 'wf_1', ...other })), 'workflow_conflict');
  assert.equal(log('wf_1').length, 1);
});

test('a request that is refused ends its run with the reason, once, where it names a free id', async () => {
  const wrong = { workflow_id: 'wf_1', goal: '' };
  await request(wrong, 7);
  await request(wrong, 7);
  const [first, ...more] = log('wf_1') as LogEvent<'workflow.failed'>[];
  assert.deepEqual(more, []);
  assert.equal(first?.type, 'workflow.failed');
  assert.equal(first.data.error?.code, 'invalid_request');
  await request({ workflow_id: 'wf_2', workflow_type: 'unheard_of' });
  assert.equal((log('wf_2')[0] as LogEvent<'workflow.failed'>).data.error?.code, 'unknown_workflow_type');
});

test('a refused request becomes a dead letter where its id names a run that exists, and the run goes on', async () => {
  await request({ workflow_id: 'wf_1' });
  assert.equal(await refusal(request({ workflow_id: 'wf_1', goal: '' })), 'invalid_request');
  assert.equal(
    await refusal(request({ workflow_id: 'wf_1', workflow_type: 'unheard_of' })),
    'unknown_workflow_type',
  );
  assert.equal(log('wf_1').length, 1);
});

test('what names no run becomes a dead letter', async () => {
  assert.equal(await refusal(request({ goal: '' })), 'invalid_request');
  assert.equal(await refusal(request({ workflow_id: 'a.b' })), 'invalid_workflow_id');
  assert.equal(await refusal(request({ user_id: 'bob' })), 'user_mismatch');
  assert.equal(await refusal(door().handle(delivery('completed', {}))), 'invalid_subject');
});

test('a request while the flag is off is recorded, and its run is disabled', async () => {
  await door(false).handle(delivery('requested.alice', { goal: 'x', workflow_id: 'wf_1' }));
  await runs.deliver(log('wf_1')[0]!);
  assert.deepEqual(
    log('wf_1').map(({ type }) => type),
    ['workflow.requested', 'workflow.disabled'],
  );
});

test('a cancellation is recorded once per message, with its reason', async () => {
  await request({ workflow_id: 'wf_1' });
  const cancel = delivery('cancel_requested.alice', { workflow_id: 'wf_1', reason: 'enough' });
  await door().handle(cancel);
  await door().handle(cancel);
  const recorded = log('wf_1').filter(({ type }) => type === 'workflow.cancel_requested') as LogEvent[];
  assert.deepEqual(
    recorded.map(({ data }) => data),
    [{ reason: 'enough' }],
  );
});

test('a cancellation of a run that is over is nothing', async () => {
  await door(false).handle(delivery('requested.alice', { goal: 'x', workflow_id: 'wf_1' }));
  await runs.deliver(log('wf_1')[0]!);
  await door().handle(delivery('cancel_requested.alice', { workflow_id: 'wf_1' }));
  assert.equal(log('wf_1').length, 2);
});

test('a cancellation that overtakes its request waits for it; without a request it becomes a dead letter', async () => {
  const cancel = (attempt: number) =>
    door().handle(delivery('cancel_requested.alice', { workflow_id: 'wf_1' }, 5, attempt));
  assert.equal(await refusal(cancel(1)), 'retry unknown_workflow');
  assert.equal(await refusal(cancel(4)), 'unknown_workflow');
  await request({ workflow_id: 'wf_1' });
  assert.equal(await refusal(cancel(2)), 'accepted');
  assert.equal(log('wf_1').at(-1)?.type, 'workflow.cancel_requested');
});

test("another user's run cannot be cancelled", async () => {
  await request({ workflow_id: 'wf_1' });
  const cancel = delivery('cancel_requested.bob', { workflow_id: 'wf_1' }, undefined, 4);
  assert.equal(await refusal(door().handle(cancel)), 'unknown_workflow');
  assert.equal(log('wf_1').length, 1);
});
