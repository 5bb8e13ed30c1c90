import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import type { EventId } from '@troupe/contracts';
import { contractOf, referenceTo } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import { Run } from './test-support/run.ts';
import type { Workshop } from './test-support/workshop.ts';
import { openWorkshop, referenceOf } from './test-support/workshop.ts';
import { ToolError } from './tool.ts';

let workshop: Workshop;
before(async () => {
  workshop = await openWorkshop();
});
after(() => workshop[Symbol.asyncDispose]());

test('A call is answered with its output; ids, key and correlation are those of the request.', async (t) => {
  const seen: unknown[] = [];
  const echo = workshop.tool('echo', {
    run: (_input, { user, workflow, correlationId, callId, effectId }) => {
      seen.push({ user, workflow, correlationId, callId, effectId });
      return Promise.resolve({ said: 'hello' });
    },
  });
  await workshop.serve(t, [echo]);
  const run = await Run.begin(workshop.stack.kernel, 'echo');
  const request = await run.call(referenceOf(echo), {});
  const outcome = await run.outcome(request);
  assert.equal(outcome.type, 'tool.completed');
  assert.deepEqual(outcome.data, { tool: 'echo', call_id: 'call_1', output: { text: '{"said":"hello"}' } });
  assert.equal(outcome.correlationId, 'corr-echo');
  assert.deepEqual(seen, [
    { user: 'ann', workflow: 'echo', correlationId: 'corr-echo', callId: 'call_1', effectId: request },
  ]);
});

test('Failures that were to be expected are outcomes, each with its code, and nothing is tried again.', async (t) => {
  let runs = 0;
  const tools = [
    workshop.tool('refusing', {
      run: () => {
        runs += 1;
        return Promise.reject(
          new ToolError(
            { code: 'shop_closed', message: 'It is night.', hint: 'Come back.' },
            { retryable: true },
          ),
        );
      },
    }),
    workshop.tool('slow', { timeoutSeconds: 0.2, run: () => new Promise(() => undefined) }),
    workshop.tool('slow_once', {
      effect: 'once',
      timeoutSeconds: 0.2,
      run: () => new Promise(() => undefined),
    }),
    workshop.tool('broken', { run: () => Promise.resolve({ say: 'x' } as never) }),
  ];
  await workshop.serve(t, tools);
  const run = await Run.begin(workshop.stack.kernel, 'expected');
  const results = await Promise.all(
    tools.map(async (each) => {
      const { error, retryable, outcome } = await run.failure(await run.call(referenceOf(each), {}));
      return [error.code, retryable, outcome];
    }),
  );
  assert.deepEqual(results, [
    ['shop_closed', true, 'not_done'],
    ['tool_timeout', true, 'not_done'],
    ['tool_timeout', false, 'unknown'],
    ['internal_error', false, 'not_done'],
  ]);
  const unknown = await run.call({ name: 'nobody', hash: '0'.repeat(64) }, {});
  assert.equal((await run.failure(unknown)).error.code, 'unknown_tool');
  assert.equal(runs, 1);
});

test('A fault of the infrastructure is tried again, and told after the last attempt.', async (t) => {
  let runs = 0;
  const shaky = workshop.tool('shaky', {
    run: () => {
      runs += 1;
      if (runs < 3) throw new RetryableError('away', 'Nobody is there.', { retryAfterMs: 20 });
      return Promise.resolve({ said: 'at last' });
    },
  });
  const hopeless = workshop.tool('hopeless', {
    run: () => Promise.reject(new RetryableError('away', 'Nobody is there.', { retryAfterMs: 20 })),
  });
  await workshop.serve(t, [shaky, hopeless]);
  const run = await Run.begin(workshop.stack.kernel, 'faults');
  assert.deepEqual(await run.output(await run.call(referenceOf(shaky), {})), { said: 'at last' });
  const { error, outcome } = await run.failure(await run.call(referenceOf(hopeless), {}));
  assert.deepEqual([error.code, outcome], ['away', 'unknown']);
});

test('A request that was cancelled before, or whose run has ended, is not acted on.', async (t) => {
  const act = workshop.tool('needless', { effect: 'once' });
  const cancelled = await Run.begin(workshop.stack.kernel, 'cancelled');
  const first = await cancelled.call(referenceOf(act), {});
  await cancelled.write('tool.cancelled', { reason: 'stopped_by_machine' }, first);
  const ended = await Run.begin(workshop.stack.kernel, 'ended');
  const second = await ended.call(referenceOf(act), {});
  await ended.write('workflow.failed', contractOf('workflow.failed').example as never);
  await workshop.serve(t, [act]);
  const witness = await Run.begin(workshop.stack.kernel, 'witness');
  await witness.output(await witness.call(referenceOf(act), {}));
  assert.equal(workshop.actsOf('needless').length, 1);
  assert.deepEqual(await cancelled.caused(first), ['tool.cancelled']);
  assert.deepEqual(await ended.caused(second), []);
});

test('A result that comes after the cancellation is thrown away.', async (t) => {
  workshop.hold();
  const late = workshop.tool('late');
  await workshop.serve(t, [late]);
  const run = await Run.begin(workshop.stack.kernel, 'late');
  const request = await run.call(referenceOf(late), {});
  await workshop.untilActed('late');
  await run.write('tool.cancelled', { reason: 'stopped_by_machine' }, request);
  workshop.release();
  await sleep(300);
  assert.deepEqual(await run.caused(request), ['tool.cancelled']);
});

test('A call in the background is answered at once, and its end is told as the end of a job.', async (t) => {
  workshop.hold();
  const behind = workshop.tool('behind', { inBackground: () => true });
  const failing = workshop.tool('failing_behind', {
    inBackground: () => true,
    run: () =>
      Promise.reject(new ToolError({ code: 'shop_closed', message: 'It is night.', hint: 'Come back.' })),
  });
  await workshop.serve(t, [behind, failing]);
  const run = await Run.begin(workshop.stack.kernel, 'behind');
  const request = await run.call(referenceOf(behind), {});
  const job_id = `job_${request}`;
  assert.deepEqual(await run.output(request), { job_id, status: 'running' });
  workshop.release();
  const end = await run.awaits(request, 'job.completed');
  assert.deepEqual(end.data, { job_id, output: { text: '{"said":"acted"}' } });
  const other = await run.call(referenceOf(failing), {});
  assert.equal((await run.awaits(other, 'job.failed')).data.error.code, 'shop_closed');
  await sleep(300);
  assert.deepEqual(await run.caused(request), ['tool.completed', 'job.completed']);
  assert.deepEqual(await run.caused(other), ['tool.completed', 'job.failed']);
});

test('A job that was accepted and not ended by a dead attempt is done again if it may be repeated, else unknown.', async (t) => {
  workshop.release();
  const looks = workshop.tool('looks_behind', { inBackground: () => true });
  const changes = workshop.tool('changes_behind', {
    inBackground: () => true,
    effect: 'once',
    timeoutSeconds: 0.5,
  });
  const run = await Run.begin(workshop.stack.kernel, 'orphans');
  const requests: EventId[] = [];
  for (const { definition } of [looks, changes]) {
    const request = await run.call(referenceTo(definition), {});
    const output = { text: JSON.stringify({ job_id: `job_${request}`, status: 'running' }) };
    await run.writeAsExecutor(request, 'outcome', 'tool.completed', {
      ...{ tool: definition.name, call_id: '', output, job_id: `job_${request}` },
    });
    requests.push(request);
  }
  const [repeated, unknown] = requests as [EventId, EventId];
  await run.writeAsExecutor(unknown, 'started', 'tool.started', { tool: 'changes_behind', token: 'dead' });
  await workshop.serve(t, [looks, changes]);
  await run.awaits(repeated, 'job.completed');
  assert.equal((await run.awaits(unknown, 'job.failed')).data.error.code, 'outcome_unknown');
  await sleep(300);
  assert.deepEqual(
    [workshop.actsOf('looks_behind').length, workshop.actsOf('changes_behind').length],
    [1, 0],
  );
  assert.deepEqual(await run.caused(repeated), ['tool.completed', 'job.completed']);
  assert.deepEqual(await run.caused(unknown), ['tool.completed', 'tool.started', 'job.failed']);
});

test('A job that is given up after its last attempt has an end in the log as well.', async (t) => {
  const hopeless = workshop.tool('hopeless_behind', {
    inBackground: () => true,
    run: () => Promise.reject(new RetryableError('away', 'Nobody is there.', { retryAfterMs: 20 })),
  });
  await workshop.serve(t, [hopeless]);
  const run = await Run.begin(workshop.stack.kernel, 'hopeless');
  const request = await run.call(referenceOf(hopeless), {});
  assert.equal((await run.awaits(request, 'job.failed')).data.error.code, 'away');
  assert.deepEqual(await run.caused(request), ['tool.completed', 'job.failed']);
});

test('Work that a drained process could not finish is left to the next, and nothing is told of it.', async (t) => {
  workshop.hold();
  const slow = workshop.tool('drained');
  const complaining = workshop.tool('complaining', {
    run: (_input, { signal }) =>
      new Promise((_resolve, reject) => {
        const failure = { code: 'stopped', message: 'Stopped.', hint: 'None.' };
        signal.addEventListener('abort', () => reject(new ToolError(failure)));
      }),
  });
  const run = await Run.begin(workshop.stack.kernel, 'drained');
  const complained = await run.call(referenceOf(complaining), {});
  const request = await run.call(referenceOf(slow), {});
  const first = await workshop.stack.serve([slow, complaining]);
  await workshop.untilActed('drained');
  await first[Symbol.asyncDispose]();
  assert.deepEqual([await run.caused(request), await run.caused(complained)], [[], []]);
  workshop.release();
  await workshop.serve(t, [slow]);
  assert.deepEqual(await run.output(request), { said: 'acted' });
  assert.equal(workshop.actsOf('drained').length, 2);
});
