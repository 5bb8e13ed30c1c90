// How an actor ends: it is drained, or its consumer or connection is gone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from '@troupe/shared';
import { observed } from '../support/observed.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { makeWorkQueue } from '../support/work-queue.ts';

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

const numbers = (n: number): string[] => Array.from({ length: n }, (_, i) => `${i}`);

test('draining waits for what is in progress, takes nothing new, and what it finished is acked', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection);
  await queue.put(...numbers(10));
  const { seen, handle } = observed(() => sleep(300));
  await using leaving = await server.kernel('leaving');
  const actor = queue.actor(leaving, { concurrency: 3, handle });
  await until('busy', () => seen.length === 3);
  await actor.drain(5_000);
  await leaving.connection.flush();
  await until('the finished are acked', async () => (await queue.pending()) === 0);
  assert.equal(seen.length, 3);
});

test('what is still in progress when draining took too long is aborted, and comes again elsewhere at once', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection, { ackWaitMs: 30_000 });
  await queue.put('stuck');
  const first = observed((_delivery, signal) =>
    sleep(60_000, undefined, { signal }).catch(() => {
      throw new Error('aborted');
    }),
  );
  const leaving = queue.actor(kernel, { handle: first.handle });
  await until('busy', () => first.busy.now === 1);
  await leaving.drain(100);
  const second = observed(() => Promise.resolve());
  const staying = queue.actor(kernel, { handle: second.handle });
  await until('delivered again', () => second.seen.length === 1, 20_000);
  await staying.drain(1_000);
  assert.deepEqual([first.seen, second.seen], [['stuck#1'], ['stuck#2']]);
});

test('a consumer that is deleted ends the actor with a stable code, whether it waits or is busy', async (t) => {
  for (const concurrency of [1, 4]) {
    const queue = await makeWorkQueue(t, kernel.connection);
    await queue.put('x');
    const fatal = Promise.withResolvers<Error>();
    const released = Promise.withResolvers<void>();
    const { busy, handle } = observed(() => released.promise);
    const actor = queue.actor(kernel, { concurrency, handle, onFatal: fatal.resolve });
    await until('busy', () => busy.now === 1);
    await (await kernel.connection.jetstreamManager()).consumers.delete(queue.stream, queue.consumer);
    released.resolve();
    assert.match(String(await fatal.promise), /consumer_gone/);
    await actor.drain(1_000);
  }
});

test('a closed connection ends the actor with a stable code', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection);
  const closing = await server.kernel('closing');
  const fatal = Promise.withResolvers<Error>();
  queue.actor(closing, { handle: () => Promise.resolve(), onFatal: fatal.resolve });
  await closing[Symbol.asyncDispose]();
  assert.match(String(await fatal.promise), /connection_closed/);
});
