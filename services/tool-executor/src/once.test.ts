import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import type { EventId } from '@troupe/contracts';
import { Run } from './test-support/run.ts';
import type { Spec, Workshop } from './test-support/workshop.ts';
import { openWorkshop, referenceOf } from './test-support/workshop.ts';

let workshop: Workshop;
before(async () => {
  workshop = await openWorkshop();
});
after(() => workshop[Symbol.asyncDispose]());

test('An effect that must happen once is announced before it happens.', async (t) => {
  workshop.hold();
  const once = workshop.tool('announced', { effect: 'once' });
  await workshop.serve(t, [once]);
  const run = await Run.begin(workshop.stack.kernel, 'announced');
  const request = await run.call(referenceOf(once), {});
  await workshop.untilActed('announced');
  assert.deepEqual(await run.caused(request), ['tool.started']);
  workshop.release();
  await run.outcome(request);
  assert.deepEqual(await run.caused(request), ['tool.started', 'tool.completed']);
  const [visit] = workshop.actsOf('announced');
  assert.equal(visit?.headers['idempotency-key'], request);
});

test('Two deliveries of one request race: one acts, and its result stands.', async (t) => {
  workshop.hold();
  const once = workshop.tool('raced', { effect: 'once' });
  const run = await Run.begin(workshop.stack.kernel, 'raced');
  const request = await run.call(referenceOf(once), {});
  await workshop.serve(t, [once]);
  await workshop.untilActed('raced');
  await workshop.stack.forgetDeliveries();
  await workshop.serve(t, [once]);
  await sleep(500);
  assert.deepEqual(await run.caused(request), ['tool.started'], 'the second waits for the first');
  workshop.release();
  assert.equal((await run.outcome(request)).type, 'tool.completed');
  await sleep(300);
  assert.equal(workshop.actsOf('raced').length, 1);
  assert.deepEqual(await run.caused(request), ['tool.started', 'tool.completed']);
});

test('An intent without an outcome is never acted on again: the outcome is unknown.', async (t) => {
  const once = workshop.tool('crashed', { effect: 'once', timeoutSeconds: 0.5 });
  const run = await Run.begin(workshop.stack.kernel, 'crashed');
  const request = await run.call(referenceOf(once), {});
  await run.writeAsExecutor(request, 'started', 'tool.started', {
    tool: 'crashed',
    token: 'of a dead attempt',
  });
  await workshop.serve(t, [once]);
  const { error, outcome, retryable } = await run.failure(request);
  assert.deepEqual([error.code, outcome, retryable], ['outcome_unknown', 'unknown', false]);
  assert.equal(workshop.actsOf('crashed').length, 0);
  assert.deepEqual(await run.caused(request), ['tool.started', 'tool.failed']);
});

test('A tool that can ask the world does so instead of acting again.', async (t) => {
  const asked = (name: string, reconcile: NonNullable<Spec['reconcile']>) =>
    workshop.tool(name, { effect: 'once', timeoutSeconds: 0.5, reconcile });
  const tools = [
    asked('was_done', () => Promise.resolve({ kind: 'done', output: { said: 'it was' } })),
    asked('was_not_done', () => Promise.resolve({ kind: 'not_done' })),
  ] as const;
  const run = await Run.begin(workshop.stack.kernel, 'reconciled');
  const requests: EventId[] = [];
  for (const each of tools) {
    const request = await run.call(referenceOf(each), {});
    await run.writeAsExecutor(request, 'started', 'tool.started', {
      tool: each.definition.name,
      token: 'dead',
    });
    requests.push(request);
  }
  await workshop.serve(t, tools);
  const [done, notDone] = requests as [EventId, EventId];
  assert.deepEqual(await run.output(done), { said: 'it was' });
  const { error, outcome, retryable } = await run.failure(notDone);
  assert.deepEqual([error.code, outcome, retryable], ['interrupted', 'not_done', true]);
  assert.equal(workshop.actsOf('was_done').length + workshop.actsOf('was_not_done').length, 0);
});
