import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { EventId, ToolReference } from '@troupe/contracts';
import { contractOf, referenceTo } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import { Run } from './test-support/run.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import type { World } from './test-support/world.ts';
import { startWorld } from './test-support/world.ts';
import type { Tool, ToolSpec } from './tool.ts';
import { defineTool, ToolError } from './tool.ts';

let stack: Stack;
/** Where the tools of these tests act; it answers when it is released. */
let world: World;
let release: () => void;
let released: Promise<void>;

before(async () => {
  stack = await startStack();
  world = await startWorld({ '/act': (_visit, response) => void released.then(() => response.end('acted')) });
  free();
});
after(async () => {
  await world[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

function hold(): void {
  ({ promise: released, resolve: release } = Promise.withResolvers<void>());
}
function free(): void {
  released = Promise.resolve();
}

const Nothing = z.object({});
const Said = z.object({ said: z.string() });
type Spec = Partial<ToolSpec<typeof Nothing, typeof Said>>;

/** A tool that acts on the world, named after its test so that nothing else calls it. */
const tool = (name: string, spec: Spec = {}): Tool =>
  defineTool({
    name,
    description: 'For tests.',
    input: Nothing,
    output: Said,
    effect: 'read',
    timeoutSeconds: 5,
    run: async (_input, { effectId, signal }) => {
      const response = await fetch(`${world.url}/act`, {
        method: 'POST',
        headers: { 'idempotency-key': effectId },
        body: name,
        signal,
      });
      return { said: await response.text() };
    },
    ...spec,
  });

const toolReference = ({ definition }: Tool): ToolReference => referenceTo(definition);
const actsOf = (name: string): number => world.visits.filter(({ body }) => body === name).length;
const untilActed = async (name: string): Promise<void> => {
  for (const until = Date.now() + 10_000; actsOf(name) === 0; await sleep(10))
    assert.ok(Date.now() < until, `${name} never acted`);
};

test('A call is answered with its output; ids, key and correlation are those of the request.', async () => {
  const seen: unknown[] = [];
  const echo = tool('echo', {
    run: (_input, { user, workflow, correlationId, callId, effectId }) => {
      seen.push({ user, workflow, correlationId, callId, effectId });
      return Promise.resolve({ said: 'hello' });
    },
  });
  await using _worker = await stack.serve([echo]);
  const run = await Run.begin(stack.kernel, 'echo');
  const request = await run.call(toolReference(echo), {});
  const outcome = await run.outcome(request);
  assert.equal(outcome.type, 'tool.completed');
  assert.deepEqual(outcome.data, { tool: 'echo', call_id: 'call_1', output: { text: '{"said":"hello"}' } });
  assert.equal(outcome.correlationId, 'corr-echo');
  assert.deepEqual(seen, [
    { user: 'ann', workflow: 'echo', correlationId: 'corr-echo', callId: 'call_1', effectId: request },
  ]);
});

test('Failures that were to be expected are outcomes, each with its code, and nothing is tried again.', async () => {
  let runs = 0;
  const tools = [
    tool('refusing', {
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
    tool('slow', { timeoutSeconds: 0.2, run: () => new Promise(() => undefined) }),
    tool('slow_once', { effect: 'once', timeoutSeconds: 0.2, run: () => new Promise(() => undefined) }),
    tool('broken', { run: () => Promise.resolve({ say: 'x' } as never) }),
  ];
  await using _worker = await stack.serve(tools);
  const run = await Run.begin(stack.kernel, 'expected');
  const results = await Promise.all(
    tools.map(async (each) => {
      const { error, retryable, outcome } = await run.failure(await run.call(toolReference(each), {}));
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

test('A fault of the infrastructure is tried again, and told after the last attempt.', async () => {
  let runs = 0;
  const shaky = tool('shaky', {
    run: () => {
      runs += 1;
      if (runs < 3) throw new RetryableError('away', 'Nobody is there.', { retryAfterMs: 20 });
      return Promise.resolve({ said: 'at last' });
    },
  });
  const hopeless = tool('hopeless', {
    run: () => Promise.reject(new RetryableError('away', 'Nobody is there.', { retryAfterMs: 20 })),
  });
  await using _worker = await stack.serve([shaky, hopeless]);
  const run = await Run.begin(stack.kernel, 'faults');
  assert.deepEqual(await run.output(await run.call(toolReference(shaky), {})), { said: 'at last' });
  const { error, outcome } = await run.failure(await run.call(toolReference(hopeless), {}));
  assert.deepEqual([error.code, outcome], ['away', 'unknown']);
});

test('A request that was cancelled before, or whose run has ended, is not acted on.', async () => {
  const act = tool('needless', { effect: 'once' });
  const cancelled = await Run.begin(stack.kernel, 'cancelled');
  const first = await cancelled.call(toolReference(act), {});
  await cancelled.write('tool.cancelled', { reason: 'stopped_by_machine' }, first);
  const ended = await Run.begin(stack.kernel, 'ended');
  const second = await ended.call(toolReference(act), {});
  await ended.write('workflow.failed', contractOf('workflow.failed').example as never);
  await using _worker = await stack.serve([act]);
  const witness = await Run.begin(stack.kernel, 'witness');
  await witness.output(await witness.call(toolReference(act), {}));
  assert.equal(actsOf('needless'), 1);
  assert.deepEqual(await cancelled.caused(first), ['tool.cancelled']);
  assert.deepEqual(await ended.caused(second), []);
});

test('A result that comes after the cancellation is thrown away.', async () => {
  hold();
  const late = tool('late');
  await using _worker = await stack.serve([late]);
  const run = await Run.begin(stack.kernel, 'late');
  const request = await run.call(toolReference(late), {});
  await untilActed('late');
  await run.write('tool.cancelled', { reason: 'stopped_by_machine' }, request);
  release();
  await sleep(300);
  assert.deepEqual(await run.caused(request), ['tool.cancelled']);
});

test('An effect that must happen once is announced before it happens.', async () => {
  hold();
  const once = tool('announced', { effect: 'once' });
  await using _worker = await stack.serve([once]);
  const run = await Run.begin(stack.kernel, 'announced');
  const request = await run.call(toolReference(once), {});
  await untilActed('announced');
  assert.deepEqual(await run.caused(request), ['tool.started']);
  release();
  await run.outcome(request);
  assert.deepEqual(await run.caused(request), ['tool.started', 'tool.completed']);
  const [visit] = world.visits.filter(({ body }) => body === 'announced');
  assert.equal(visit?.headers['idempotency-key'], request);
});

test('Two deliveries of one request race: one acts, and its result stands.', async () => {
  hold();
  const once = tool('raced', { effect: 'once' });
  const run = await Run.begin(stack.kernel, 'raced');
  const request = await run.call(toolReference(once), {});
  await using _first = await stack.serve([once]);
  await untilActed('raced');
  await stack.forgetDeliveries();
  await using _second = await stack.serve([once]);
  await sleep(500);
  assert.deepEqual(await run.caused(request), ['tool.started'], 'the second waits for the first');
  release();
  assert.equal((await run.outcome(request)).type, 'tool.completed');
  await sleep(300);
  assert.equal(actsOf('raced'), 1);
  assert.deepEqual(await run.caused(request), ['tool.started', 'tool.completed']);
});

test('An intent without an outcome is never acted on again: the outcome is unknown.', async () => {
  const once = tool('crashed', { effect: 'once', timeoutSeconds: 0.5 });
  const run = await Run.begin(stack.kernel, 'crashed');
  const request = await run.call(toolReference(once), {});
  await run.writeAsExecutor(request, 'started', 'tool.started', {
    tool: 'crashed',
    token: 'of a dead attempt',
  });
  await using _worker = await stack.serve([once]);
  const { error, outcome, retryable } = await run.failure(request);
  assert.deepEqual([error.code, outcome, retryable], ['outcome_unknown', 'unknown', false]);
  assert.equal(actsOf('crashed'), 0);
  assert.deepEqual(await run.caused(request), ['tool.started', 'tool.failed']);
});

test('A tool that can ask the world does so instead of acting again.', async () => {
  const asked = (name: string, reconcile: NonNullable<Spec['reconcile']>) =>
    tool(name, { effect: 'once', timeoutSeconds: 0.5, reconcile });
  const tools = [
    asked('was_done', () => Promise.resolve({ kind: 'done', output: { said: 'it was' } })),
    asked('was_not_done', () => Promise.resolve({ kind: 'not_done' })),
  ] as const;
  const run = await Run.begin(stack.kernel, 'reconciled');
  const requests: EventId[] = [];
  for (const each of tools) {
    const request = await run.call(toolReference(each), {});
    await run.writeAsExecutor(request, 'started', 'tool.started', {
      tool: each.definition.name,
      token: 'dead',
    });
    requests.push(request);
  }
  await using _worker = await stack.serve(tools);
  const [done, notDone] = requests as [EventId, EventId];
  assert.deepEqual(await run.output(done), { said: 'it was' });
  const { error, outcome, retryable } = await run.failure(notDone);
  assert.deepEqual([error.code, outcome, retryable], ['interrupted', 'not_done', true]);
  assert.equal(actsOf('was_done') + actsOf('was_not_done'), 0);
});

test('A call in the background is answered at once, and its end is told as the end of a job.', async () => {
  hold();
  const behind = tool('behind', { inBackground: () => true });
  const failing = tool('failing_behind', {
    inBackground: () => true,
    run: () =>
      Promise.reject(new ToolError({ code: 'shop_closed', message: 'It is night.', hint: 'Come back.' })),
  });
  await using _worker = await stack.serve([behind, failing]);
  const run = await Run.begin(stack.kernel, 'behind');
  const request = await run.call(toolReference(behind), {});
  const job_id = `job_${request}`;
  assert.deepEqual(await run.output(request), { job_id, status: 'running' });
  release();
  const end = await run.awaits(request, 'job.completed');
  assert.deepEqual(end.data, { job_id, output: { text: '{"said":"acted"}' } });
  const other = await run.call(toolReference(failing), {});
  assert.equal((await run.awaits(other, 'job.failed')).data.error.code, 'shop_closed');
  await sleep(300);
  assert.deepEqual(await run.caused(request), ['tool.completed', 'job.completed']);
  assert.deepEqual(await run.caused(other), ['tool.completed', 'job.failed']);
});

test('A job that was accepted and not ended by a dead attempt is done again if it may be repeated, else unknown.', async () => {
  free();
  const looks = tool('looks_behind', { inBackground: () => true });
  const changes = tool('changes_behind', { inBackground: () => true, effect: 'once', timeoutSeconds: 0.5 });
  const run = await Run.begin(stack.kernel, 'orphans');
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
  await using _worker = await stack.serve([looks, changes]);
  await run.awaits(repeated, 'job.completed');
  assert.equal((await run.awaits(unknown, 'job.failed')).data.error.code, 'outcome_unknown');
  await sleep(300);
  assert.deepEqual([actsOf('looks_behind'), actsOf('changes_behind')], [1, 0]);
  assert.deepEqual(await run.caused(repeated), ['tool.completed', 'job.completed']);
  assert.deepEqual(await run.caused(unknown), ['tool.completed', 'tool.started', 'job.failed']);
});

test('Work that a drained process could not finish is left to the next, and nothing is told of it.', async () => {
  hold();
  const slow = tool('drained');
  const run = await Run.begin(stack.kernel, 'drained');
  const request = await run.call(toolReference(slow), {});
  const first = await stack.serve([slow]);
  await untilActed('drained');
  await first[Symbol.asyncDispose]();
  assert.deepEqual(await run.caused(request), []);
  free();
  await using _second = await stack.serve([slow]);
  assert.deepEqual(await run.output(request), { said: 'acted' });
  assert.equal(actsOf('drained'), 2);
});
