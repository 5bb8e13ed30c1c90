// Pulling through faults: whatever happens to the server, the connection or this process, deliveries go on by themselves, and
// never are there more of them than the caller has room for.
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery, Kernel } from '@troupe/shared';
import { PullConsumer } from '../../../shared/src/nats/pull.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { makeWorkQueue, type WorkQueue } from '../support/work-queue.ts';

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

const SLOTS = 4;

/** Takes deliveries and keeps them until told to let go; knows how many it had at most. */
function take(t: TestContext, by: Kernel, { stream, consumer }: WorkQueue) {
  const held: Delivery[] = [];
  const seen = new Set<number>();
  let most = 0;
  let holding = true;
  const letGo = (delivery: Delivery): void => {
    delivery.ack();
    pull.done();
  };
  const pull = new PullConsumer({
    connection: by.connection,
    stream,
    consumer,
    slots: SLOTS,
    onGone: () => undefined,
    onDelivery: (delivery) => {
      seen.add(delivery.seq);
      held.push(delivery);
      most = Math.max(most, held.length);
      if (!holding) letGo(held.shift()!);
    },
  });
  t.after(() => pull.stop());
  return {
    seen,
    held,
    most: () => most,
    letGo: () => {
      holding = false;
      for (const delivery of held.splice(0)) letGo(delivery);
    },
  };
}

const numbers = (n: number): string[] => Array.from({ length: n }, (_, i) => `${i}`);

test('a pull that seemed lost while the server stood still is never served beside the one that followed it', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection, { ackWaitMs: 2_000 });
  const taker = take(t, kernel, queue);
  await kernel.connection.flush();
  server.nats.kill('SIGSTOP');
  await sleep(4_000);
  server.nats.kill('SIGCONT');
  await kernel.connection.flush();
  await queue.put(...numbers(20));
  await until('all room is used', () => taker.held.length === SLOTS);
  await sleep(300);
  assert.equal(taker.most(), SLOTS);
  taker.letGo();
  await until('all delivered', () => taker.seen.size === 20);
});

test('pulls over a connection that was cut are never served beside those that followed, and deliveries go on at once', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection, { ackWaitMs: 2_000 });
  await using proxy = await startTcpProxy(server.nats.url);
  await using far = await server.kernel('far', proxy.url);
  const taker = take(t, far, queue);
  for (let cuts = 1; cuts <= 3; cuts += 1) {
    await far.connection.flush();
    proxy.cut();
    await until('connected again', () =>
      far.connection.flush().then(
        () => true,
        () => false,
      ),
    );
  }
  await queue.put(...numbers(20));
  const startedAt = performance.now();
  await until('all room is used', () => taker.held.length === SLOTS);
  assert.ok(performance.now() - startedAt < 10_000);
  await sleep(300);
  assert.equal(taker.most(), SLOTS);
  taker.letGo();
  await until('all delivered', () => taker.seen.size === 20);
});

test('a process that stood still goes on with its pull, and takes no more than it has room for', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection, { ackWaitMs: 60_000 });
  const taker = take(t, kernel, queue);
  await kernel.connection.flush();
  await using other = await server.kernel('other');
  for (const body of numbers(20)) other.connection.publish(queue.subject, body);
  const standing = performance.now();
  while (performance.now() - standing < 3_500);
  await until('all room is used', () => taker.held.length === SLOTS);
  await sleep(300);
  assert.equal(taker.most(), SLOTS);
  taker.letGo();
  await until('all delivered', () => taker.seen.size === 20, 15_000);
});

test('deliveries go on by themselves within seconds after the server was killed and started again, several times', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection, { ackWaitMs: 2_000 });
  const taker = take(t, kernel, queue);
  taker.letGo();
  for (let kills = 1; kills <= 3; kills += 1) {
    server.nats.kill('SIGKILL');
    await server.nats.restart();
    const done = taker.seen.size;
    await until('stored', async () => {
      const { kind } = await kernel.publisher.publish(queue.subject, {}, 'x', 500);
      return kind === 'stored';
    });
    const startedAt = performance.now();
    await until('delivered', () => taker.seen.size > done);
    assert.ok(performance.now() - startedAt < 15_000);
  }
});

test('a consumer that was lost while the server was away is noticed', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection);
  const gone = Promise.withResolvers<Error>();
  const pull = new PullConsumer({
    ...queue,
    connection: kernel.connection,
    slots: 1,
    onDelivery: () => undefined,
    onGone: gone.resolve,
  });
  t.after(() => pull.stop());
  await queue.put('keeps the only slot busy, so that no pull is out');
  await until('busy', async () => (await queue.pending()) === 1);
  await (await kernel.connection.jetstreamManager()).consumers.delete(queue.stream, queue.consumer);
  pull.done();
  assert.match(String(await gone.promise), /consumer_gone/);
});
