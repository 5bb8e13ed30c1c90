import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { LogEvent } from '@troupe/contracts';
import { MemoryDoor, refusal } from './test-support/memory-door.ts';
import { toolReference } from './test-support/turns.ts';
import { automation } from './workflows/automation.ts';

let door: MemoryDoor;
beforeEach(() => {
  door = new MemoryDoor();
});

test('a request becomes the first event of its run, with everything that the run will ever ask', async () => {
  await door.request({ workflow_id: 'wf_1', preferences: { language: 'en' }, deadline_seconds: 60 });
  const [first, ...more] = door.log('wf_1') as LogEvent<'workflow.requested'>[];
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
      ...{ max_iterations: 10, max_repairs: 2, recall_k: 4, max_tokens: 4_000, max_events: 10_000 },
      tools: [toolReference('notify_user')],
    },
  });
  assert.deepEqual([first!.correlationId, first!.causationId], ['wf_1', 'AGENTS_IN@2026/1']);
});

test('a request without an id has one that is the same on every delivery, and another for every message', async () => {
  const handled = door.delivery('requested.alice', { goal: 'x' });
  const ids = (): string[] => door.kernel.done.filter((what) => what === 'append workflow.requested');
  await door.handle(handled);
  await door.handle(handled);
  assert.equal(ids().length, 1);
  await door.handle(door.delivery('requested.alice', { goal: 'x' }));
  assert.equal(ids().length, 2);
});

test('the same request twice is one run, whatever the tools and settings are meanwhile', async () => {
  const body = { workflow_id: 'wf_1', preferences: { a: 1, b: 2 } };
  await door.request(body);
  door.offered = ['remember'];
  await door.request({ ...body, preferences: { b: 2, a: 1 } });
  await door.request({ ...body, user_id: 'alice', correlation_id: 'another' });
  assert.equal(door.log('wf_1').length, 1);
});

test('another request under the same id is refused, and the first stands', async () => {
  await door.request({ workflow_id: 'wf_1' });
  for (const other of [{ goal: 'y' }, { deadline_seconds: 61 }, { preferences: {} }, { history: [] }])
    assert.equal(await refusal(door.request({ workflow_id: 'wf_1', ...other })), 'workflow_conflict');
  assert.equal(door.log('wf_1').length, 1);
});

test('a request that is refused ends its run with the reason, once, where it names a free id', async () => {
  const wrong = { workflow_id: 'wf_1', goal: '' };
  await door.request(wrong, 7);
  await door.request(wrong, 7);
  const [first, ...more] = door.log('wf_1') as LogEvent<'workflow.failed'>[];
  assert.deepEqual(more, []);
  assert.equal(first?.type, 'workflow.failed');
  assert.equal(first.data.error?.code, 'invalid_request');
  await door.request({ workflow_id: 'wf_2', workflow_type: 'unheard_of' });
  assert.equal(
    (door.log('wf_2')[0] as LogEvent<'workflow.failed'>).data.error?.code,
    'unknown_workflow_type',
  );
});

test('a refused request becomes a dead letter where its id names a run that exists, and the run goes on', async () => {
  await door.request({ workflow_id: 'wf_1' });
  assert.equal(await refusal(door.request({ workflow_id: 'wf_1', goal: '' })), 'invalid_request');
  assert.equal(
    await refusal(door.request({ workflow_id: 'wf_1', workflow_type: 'unheard_of' })),
    'unknown_workflow_type',
  );
  assert.equal(door.log('wf_1').length, 1);
});

test('what names no run becomes a dead letter', async () => {
  assert.equal(await refusal(door.request({ goal: '' })), 'invalid_request');
  assert.equal(await refusal(door.request({ workflow_id: 'a.b' })), 'invalid_workflow_id');
  assert.equal(await refusal(door.request({ user_id: 'bob' })), 'user_mismatch');
  assert.equal(await refusal(door.handle(door.delivery('completed', {}))), 'invalid_subject');
});

test('a request while the flag is off is recorded, and its run is disabled', async () => {
  door.enabled = false;
  await door.handle(door.delivery('requested.alice', { goal: 'x', workflow_id: 'wf_1' }));
  await door.runs.deliver(door.log('wf_1')[0]!);
  assert.deepEqual(
    door.log('wf_1').map(({ type }) => type),
    ['workflow.requested', 'workflow.disabled'],
  );
});

test('a refusal is known by the correlation id of what was asked', async () => {
  await door.request({ workflow_id: 'wf_1', goal: '', correlation_id: 'order:7' });
  await door.request({ workflow_id: 'wf_2', workflow_type: 'unheard_of', correlation_id: 'order:8' });
  for (const [workflow, id] of [
    ['wf_1', 'order:7'],
    ['wf_2', 'order:8'],
  ] as const) {
    const [failed] = door.log(workflow) as LogEvent<'workflow.failed'>[];
    assert.deepEqual([failed?.correlationId, failed?.data.correlation_id], [id, id]);
  }
});

test("a refusal stands in the client's trace, under the type of workflow that was asked for, where there is such a type", async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const header = (name: string) => (name === 'traceparent' ? traceparent : undefined);
  const refused = async (body: { workflow_id: string; goal: string; workflow_type: string }) => {
    await door.handle({ ...door.delivery('requested.alice', body), header });
    const [failed] = door.log(body.workflow_id) as LogEvent<'workflow.failed'>[];
    return [failed?.type, failed?.traceparent, failed?.workflowType, failed?.data.workflow_type];
  };
  const known = await refused({ workflow_id: 'wf_1', goal: '', workflow_type: 'automation' });
  assert.deepEqual(known, ['workflow.failed', traceparent, 'automation', 'automation']);
  const unknown = await refused({ workflow_id: 'wf_2', goal: 'x', workflow_type: 'unheard_of' });
  assert.deepEqual(unknown, ['workflow.failed', traceparent, 'unknown', 'unknown']);
});
