// The worker's rules for what comes twice or too late: what the log says was done is not done again (W1), and a closed request
// gets no result (W2).
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { contractOf, eventId } from '@troupe/contracts';
import { type Kernel, lastPosition, LOG_STREAM, RetryableError } from '@troupe/shared';
import { declaredConsumers } from '../../../shared/src/provision/declared.ts';
import { append, assertChain, draftOf, someWorkflow } from '../support/events.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import {
  allAcked,
  calling,
  completed,
  endsWith,
  toolWorker,
  type ToolWorker,
  typesOf,
} from '../support/tool-calls.ts';
import { until } from '../support/until.ts';

let server: TestServer;
let kernel: Kernel;
before(async () => {
  server = await startTestServer();
  kernel = await server.kernel();
});
after(async () => {
  await kernel[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('a request gets one outcome, behind it, caused by it', async (t) => {
  toolWorker(t, kernel);
  const { key, id } = await calling(kernel);
  await endsWith(kernel, key, 'tool.completed');
  const log = await kernel.log.read.whole(key);
  assertChain(log, key);
  assert.deepEqual([log.length, log[2]?.causationId, log[2]?.id], [3, id, eventId(id, 'outcome')]);
});

test('requests that are all delivered again are not acted upon again and get no second outcome (W1)', async (t) => {
  const before = toolWorker(t, kernel);
  const runs = await Promise.all(Array.from({ length: 30 }, () => calling(kernel)));
  for (const { key } of runs) await endsWith(kernel, key, 'tool.completed');
  await before.actor.drain(1_000);
  // A consumer made anew is given everything from the beginning, as new.
  const { consumers } = await kernel.connection.jetstreamManager();
  const declared = declaredConsumers().find(({ config }) => config.durable_name === 'tool-executor')!;
  await consumers.delete(LOG_STREAM, 'tool-executor');
  await consumers.add(LOG_STREAM, declared.config);
  const again = toolWorker(t, kernel);
  await allAcked(kernel);
  assert.equal(again.acts.size, 0);
  for (const { key } of runs) assert.equal((await typesOf(kernel, key)).length, 3);
});

/** Until the end of the test deliveries that are not acknowledged come again soon, whatever the workers believe. */
async function impatientConsumer(t: TestContext): Promise<void> {
  const { consumers } = await kernel.connection.jetstreamManager();
  const { config } = await consumers.info(LOG_STREAM, 'tool-executor');
  await consumers.update(LOG_STREAM, 'tool-executor', { ...config, ack_wait: 500e6 });
  t.after(() => consumers.update(LOG_STREAM, 'tool-executor', config));
}

test('a worker that is killed between its outcome and its ack is not followed by a second act (W1)', async (t) => {
  await impatientConsumer(t);
  const victim = await server.kernel('victim');
  const stored = Promise.withResolvers<void>();
  // It dies with the answer to its append: its ack is never sent.
  const append: Kernel['log']['append'] = async (...event) => {
    await victim.log.append(...event);
    await victim[Symbol.asyncDispose]();
    stored.resolve();
    return new Promise(() => undefined);
  };
  const dying = toolWorker(t, { ...victim, log: { ...victim.log, append } });
  const { key } = await calling(kernel);
  await stored.promise;
  const next = toolWorker(t, kernel);
  await allAcked(kernel);
  assert.deepEqual([dying.acts.get(key.workflow), next.acts.get(key.workflow)], [1, undefined]);
  assert.equal((await typesOf(kernel, key)).length, 3);
});

test('two workers that do the same request at the same time write one outcome', async (t) => {
  await impatientConsumer(t);
  await using other = await server.kernel('other');
  const bothAct = Promise.withResolvers<void>();
  let acting = 0;
  const handle: ToolWorker['handle'] = async (request) => {
    acting += 1;
    if (acting === 2) bothAct.resolve();
    await bothAct.promise;
    return completed(request);
  };
  const workers = [kernel, other].map((by) => toolWorker(t, by, { handle, concurrency: 1 }));
  const { key, id } = await calling(kernel);
  await endsWith(kernel, key, 'tool.completed');
  await allAcked(kernel);
  const log = await kernel.log.read.whole(key);
  assertChain(log, key);
  assert.deepEqual([acting, log.length, log[2]?.id], [2, 3, eventId(id, 'outcome')]);
  await Promise.all(workers.map(({ actor }) => actor.drain(0)));
});

for (const closing of ['tool.cancelled', 'workflow.cancelled'] as const) {
  test(`a result that comes after ${closing} is not written, and its request is done with (W2)`, async (t) => {
    const acting = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const { actor } = toolWorker(t, kernel, {
      handle: async (request) => {
        acting.resolve();
        await release.promise;
        return completed(request);
      },
    });
    const { key, id, behind } = await calling(kernel);
    await acting.promise;
    await append(kernel, draftOf(closing, key, { name: 'close', cause: id }), behind);
    release.resolve();
    await allAcked(kernel);
    assert.deepEqual((await typesOf(kernel, key)).slice(2), [closing]);
    await actor.drain(0);
  });
}

test('a request that was closed before its worker saw it is not acted upon (W1)', async (t) => {
  const closed = await calling(kernel);
  await append(
    kernel,
    draftOf('tool.cancelled', closed.key, { name: 'close', cause: closed.id }),
    closed.behind,
  );
  const ended = await calling(kernel);
  await append(kernel, draftOf('workflow.failed', ended.key, { name: 'terminal' }), ended.behind);
  const { acts } = toolWorker(t, kernel);
  await allAcked(kernel);
  const open = await calling(kernel);
  await endsWith(kernel, open.key, 'tool.completed');
  assert.deepEqual([...acts], [[open.key.workflow, 1]]);
});

test('a request that comes again and is closed by then is told of before its ack, which a failure of that does not hold back', async (t) => {
  const told: string[] = [];
  const close = await calling(kernel);
  const { acts } = toolWorker(t, kernel, {
    handle: async () => {
      const draft = draftOf('tool.cancelled', close.key, { name: 'close', cause: close.id });
      await append(kernel, draft, close.behind);
      throw new RetryableError('died', 'In the middle of its act.', { retryAfterMs: 10 });
    },
    onSettled: ({ id }) => {
      told.push(id);
      return Promise.reject(new Error('nothing could be closed'));
    },
  });
  await allAcked(kernel);
  assert.deepEqual([told, acts.get(close.key.workflow)], [[close.id], 1]);
});

test('an outcome or cancellation of another request of the same run closes nothing', async (t) => {
  const { key, behind } = await calling(kernel);
  const other = await append(kernel, draftOf('tool.cancelled', key, { name: 'x', cause: 'another' }), behind);
  await append(kernel, draftOf('tool.completed', key, { name: 'y', cause: 'another' }), other);
  toolWorker(t, kernel);
  await until('an outcome', async () => (await typesOf(kernel, key)).length === 5);
});

test('what an act writes beside its outcome is written once, however often the request is delivered', async (t) => {
  let attempts = 0;
  toolWorker(t, kernel, {
    handle: async (request, { write, behind }) => {
      attempts += 1;
      const started = await write('tool.started', 'started', {
        tool: request.data.tool.name,
        token: `t${attempts}`,
      });
      if (attempts === 1) throw new RetryableError('died', 'After the intent.', { retryAfterMs: 10 });
      assert.deepEqual([started.kind, behind.length], ['present', 1]);
      await write('notification.created', 'note', contractOf('notification.created').example as never);
      return completed(request);
    },
  });
  const { key } = await calling(kernel);
  await endsWith(kernel, key, 'tool.completed');
  assert.deepEqual((await typesOf(kernel, key)).slice(2), [
    'tool.started',
    'notification.created',
    'tool.completed',
  ]);
});

test('many workers answering many requests of one run at once write each outcome once, in an unbroken chain', async (t) => {
  await using other = await server.kernel('other');
  const handle: ToolWorker['handle'] = async (request) => completed(await sleep(Math.random() * 10, request));
  const workers = [kernel, other].map((by) => toolWorker(t, by, { handle }));
  const key = someWorkflow();
  let behind = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  const calls = 32;
  for (let i = 0; i < calls; ) {
    const result = await kernel.log.append(draftOf('tool.requested', key, { name: `call-${i}` }), {
      after: behind,
    });
    behind = result.kind === 'appended' ? result.position : lastPosition(result.tail);
    if (result.kind === 'appended') i += 1;
  }
  await until(
    'all answered',
    async () => (await typesOf(kernel, key)).filter((type) => type === 'tool.completed').length === calls,
  );
  const log = await kernel.log.read.whole(key);
  assertChain(log, key);
  assert.equal(log.length, 1 + 2 * calls);
  await Promise.all(workers.map(({ actor }) => actor.drain(1_000)));
});
