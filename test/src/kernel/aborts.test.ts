// Stopping work that nobody waits for: a knock makes its worker look into the log, and only the log stops it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowKey } from '@troupe/contracts';
import { abortSubject } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { NoLongerWanted, RetryableError } from '@troupe/shared';
import { createAborts } from '../../../shared/src/aborts.ts';
import { append, draftOf, someWorkflow } from '../support/events.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { allAcked, calling, completed, toolWorker, typesOf } from '../support/tool-calls.ts';
import { until } from '../support/until.ts';

/** So long that a look in the course of a test was asked for. */
const NEVER = { lookEveryMs: 600_000 };

let server: TestServer;
let kernel: Kernel;
/** Knocks as another process does. */
let other: Kernel;
before(async () => {
  server = await startTestServer();
  kernel = await server.kernel();
  other = await server.kernel('other');
});
after(async () => {
  await other[Symbol.asyncDispose]();
  await kernel[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** What a look into the log says, or that it fails. */
type Answer = boolean | 'unreadable' | Promise<boolean>;

/** A log that answers looks in turn as told; with the last answer for ever. */
function answers(...given: [Answer, ...Answer[]]): { looks: number; isSettled: () => Promise<boolean> } {
  const log = {
    looks: 0,
    isSettled: async () => {
      log.looks += 1;
      const answer = given[Math.min(log.looks, given.length) - 1]!;
      if (answer === 'unreadable') throw new RetryableError('stream_unreadable', 'The server is away.');
      return answer;
    },
  };
  return log;
}

/** A knock that its receivers have heard: what is published later on a connection arrives later. */
async function knock(key: WorkflowKey, times = 1): Promise<void> {
  const heard = kernel.connection.subscribe('knocked', { max: 1 })[Symbol.asyncIterator]();
  await kernel.connection.flush();
  for (let i = 0; i < times; i += 1) other.connection.publish(abortSubject(key));
  other.connection.publish('knocked');
  await heard.next();
}

test('a knock makes the work look at once, and a settled request aborts it with NoLongerWanted', async () => {
  const key = someWorkflow();
  const log = answers(true);
  using watch = createAborts(kernel.connection, NEVER).watch(key, log.isSettled);
  assert.equal(watch.signal.aborted, false);
  // The server has the subscription before the other connection knocks.
  await kernel.connection.flush();
  other.aborts.knock(key);
  await until('the abort', () => watch.signal.aborted);
  assert.ok(watch.signal.reason instanceof NoLongerWanted);
  assert.equal(log.looks, 1);
});

test('forged knocks stop nothing, and a flood of them is no flood of reads', async () => {
  const key = someWorkflow();
  const log = answers(false);
  using watch = createAborts(kernel.connection, NEVER).watch(key, log.isSettled);
  const startedAt = performance.now();
  for (let burst = 0; burst < 20; burst += 1) {
    await knock(key, 500);
    await sleep(10);
  }
  await until('a look', () => log.looks > 0);
  const most = Math.ceil((performance.now() - startedAt) / 50) + 1;
  assert.ok(log.looks <= most, `${log.looks} looks, at most ${most}`);
  assert.equal(watch.signal.aborted, false);
});

test('a knock that is lost is made up for by looking now and then', async () => {
  const log = answers(false, false, true);
  using watch = createAborts(kernel.connection, { lookEveryMs: 20 }).watch(someWorkflow(), log.isSettled);
  await until('the abort', () => watch.signal.aborted);
  assert.equal(log.looks, 3);
});

test('a knock during a look is followed by another look', async () => {
  const key = someWorkflow();
  const first = Promise.withResolvers<boolean>();
  const log = answers(first.promise, true);
  using watch = createAborts(kernel.connection, NEVER).watch(key, log.isSettled);
  await knock(key);
  await until('a look', () => log.looks === 1);
  await knock(key);
  assert.equal(log.looks, 1, 'one look at a time');
  first.resolve(false);
  await until('the abort', () => watch.signal.aborted);
  assert.equal(log.looks, 2);
});

test('a look that fails is made again by itself, ever more seldom, and as soon as before once one succeeds', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = answers('unreadable', 'unreadable', 'unreadable', false, 'unreadable', true);
  using watch = createAborts(kernel.connection, { lookEveryMs: 100 }).watch(someWorkflow(), log.isSettled);
  const pauses = [100, 250, 500, 1_000, 100, 250];
  for (const [looks, pauseMs] of pauses.entries()) {
    t.mock.timers.tick(pauseMs - 1);
    assert.equal(log.looks, looks);
    t.mock.timers.tick(1);
    await turn();
    assert.equal(log.looks, looks + 1);
  }
  assert.ok(watch.signal.aborted);
});

test('a knock is for one run of one user, and for all work on it', async () => {
  const key = someWorkflow();
  const aborts = createAborts(kernel.connection, NEVER);
  const logs = [answers(false), answers(false), answers(false), answers(false)] as const;
  using first = aborts.watch(key, logs[0].isSettled);
  using second = aborts.watch(key, logs[1].isSettled);
  using sameUser = aborts.watch(someWorkflow(), logs[2].isSettled);
  using sameId = aborts.watch({ ...someWorkflow('bob'), workflow: key.workflow }, logs[3].isSettled);
  await knock(key);
  await until('looks', () => logs[0].looks === 1 && logs[1].looks === 1);
  assert.deepEqual([logs[2].looks, logs[3].looks], [0, 0]);
  for (const { signal } of [first, second, sameUser, sameId]) assert.equal(signal.aborted, false);
});

test('disposal ends the looking, and a look that was under way aborts nothing', async () => {
  const key = someWorkflow();
  const underWay = Promise.withResolvers<boolean>();
  const log = answers(underWay.promise, true);
  const aborts = createAborts(kernel.connection, { lookEveryMs: 20 });
  const watch = aborts.watch(key, log.isSettled);
  await until('a look', () => log.looks === 1);
  watch[Symbol.dispose]();
  underWay.resolve(true);
  await knock(key);
  await sleep(100);
  assert.deepEqual([log.looks, watch.signal.aborted], [1, false]);

  // Disposed once more it does not take away what others watch meanwhile.
  const later = answers(true);
  using next = aborts.watch(key, later.isSettled);
  watch[Symbol.dispose]();
  await knock(key);
  await until('the abort', () => next.signal.aborted);
});

test('a server that goes away in between and comes back is listened to again', async () => {
  const key = someWorkflow();
  const log = answers(true);
  using watch = createAborts(kernel.connection, NEVER).watch(key, log.isSettled);
  server.nats.kill('SIGKILL');
  await server.nats.restart();
  await until('the abort', () => {
    other.aborts.knock(key);
    return watch.signal.aborted;
  });
});

test('work whose request is cancelled is stopped, acknowledged, and followed by nothing (W4)', async (t) => {
  const acting = Promise.withResolvers<AbortSignal>();
  const { actor, acts } = toolWorker(t, kernel, {
    handle: async (_request, { signal }) => {
      acting.resolve(signal);
      await once(signal, 'abort');
      throw signal.reason;
    },
  });
  const { key, id, behind } = await calling(kernel);
  const signal = await acting.promise;
  await knock(key);
  await sleep(100);
  assert.equal(signal.aborted, false, 'the log holds no cancellation yet');
  await append(other, draftOf('tool.cancelled', key, { name: 'close', cause: id }), behind);
  other.aborts.knock(key);
  await until('the abort', () => signal.aborted);
  await allAcked(kernel);
  assert.equal(acts.get(key.workflow), 1);
  assert.deepEqual((await typesOf(kernel, key)).slice(2), ['tool.cancelled']);
  await actor.drain(0);
});

test('work that is cancelled between the look before it and its beginning is stopped at once (W4)', async (t) => {
  const acting = Promise.withResolvers<AbortSignal>();
  const { key, id, behind } = await calling(kernel);
  const { read } = kernel.log;
  let cancelled = false;
  const headSeq: typeof read.headSeq = async (of) => {
    const seen = await read.headSeq(of);
    if (!cancelled && of.workflow === key.workflow) {
      cancelled = true;
      await append(other, draftOf('workflow.cancelled', key, { name: 'terminal', cause: id }), behind);
      await knock(key);
    }
    return seen;
  };
  const late = new Proxy(read, {
    get: (_read, name: keyof typeof read) => (name === 'headSeq' ? headSeq : read[name].bind(read)),
  });
  const { actor } = toolWorker(
    t,
    { ...kernel, log: { ...kernel.log, read: late } },
    {
      handle: async (request, { signal }) => {
        if (request.workflow !== key.workflow) return completed(request);
        acting.resolve(signal);
        await once(signal, 'abort');
        throw signal.reason;
      },
    },
  );
  const signal = await acting.promise;
  await until('the abort', () => signal.aborted);
  await allAcked(kernel);
  await actor.drain(0);
});

test('work that ignores its signal goes on, and its result is refused by the log (W2, W4)', async (t) => {
  const acting = Promise.withResolvers<AbortSignal>();
  const release = Promise.withResolvers<void>();
  const { actor } = toolWorker(t, kernel, {
    handle: async (request, { signal }) => {
      acting.resolve(signal);
      await release.promise;
      return completed(request);
    },
  });
  const { key, id, behind } = await calling(kernel);
  const signal = await acting.promise;
  await append(other, draftOf('workflow.cancelled', key, { name: 'terminal', cause: id }), behind);
  other.aborts.knock(key);
  await until('the abort', () => signal.aborted);
  release.resolve();
  await allAcked(kernel);
  assert.deepEqual((await typesOf(kernel, key)).slice(2), ['workflow.cancelled']);
  await actor.drain(0);
});

test('a drained process leaves its work to the next; work that is no longer wanted is left to nobody (W4)', async (t) => {
  const signals: AbortSignal[] = [];
  const waiting = toolWorker(t, kernel, {
    handle: async (_request, { signal }) => {
      signals.push(signal);
      await once(signal, 'abort');
      throw signal.reason;
    },
  });
  const wanted = await calling(kernel);
  const unwanted = await calling(kernel);
  await until('both at work', () => signals.length === 2);
  const cancel = draftOf('tool.cancelled', unwanted.key, { name: 'close', cause: unwanted.id });
  await append(other, cancel, unwanted.behind);
  other.aborts.knock(unwanted.key);
  await until('one abort', () => signals.some(({ aborted }) => aborted));
  await waiting.actor.drain(50);
  const next = toolWorker(t, kernel);
  await allAcked(kernel);
  assert.deepEqual([...next.acts.keys()], [wanted.key.workflow]);
  assert.deepEqual((await typesOf(kernel, wanted.key)).slice(2), ['tool.completed']);
  assert.deepEqual((await typesOf(kernel, unwanted.key)).slice(2), ['tool.cancelled']);
  await next.actor.drain(0);
});
