// The actor loop: how much it takes at once, how it keeps what is slow, and what it does with failures.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from '@troupe/shared';
import { DEAD_STREAM, RetryableError, TerminalError } from '@troupe/shared';
import { observed, textOf } from '../support/observed.ts';
import { publishRaw } from '../support/raw-publish.ts';
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

async function deadLetters(consumer: string): Promise<{ error: { code: string }; attempts: number }[]> {
  const { streams } = await kernel.connection.jetstreamManager();
  const subject = `agents-dead.${consumer}`;
  const letters: { error: { code: string }; attempts: number }[] = [];
  const info = await streams.info(DEAD_STREAM, { subjects_filter: subject });
  for (let seq = info.state.first_seq; seq <= info.state.last_seq; seq += 1) {
    const message = await streams.getMessage(DEAD_STREAM, { seq }).catch(() => undefined);
    if (message?.subject === subject) letters.push(message.json());
  }
  return letters;
}

test('never more deliveries are handled at once than the actor has room for, and all room is used', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection);
  await queue.put(...numbers(200));
  const { seen, busy, handle } = observed(() => sleep(Math.random() * 10));
  const actor = queue.actor(kernel, { concurrency: 5, handle });
  await until(
    'all handled',
    async () => seen.length === 200 && busy.now === 0 && (await queue.pending()) === 0,
  );
  await actor.drain(1_000);
  assert.deepEqual([busy.most, new Set(seen).size], [5, 200]);
});

test('one slow delivery does not hold back the others', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection);
  await queue.put('slow', ...numbers(20));
  const released = Promise.withResolvers<void>();
  const { seen, handle } = observed((delivery) =>
    textOf(delivery) === 'slow' ? released.promise : Promise.resolve(),
  );
  const actor = queue.actor(kernel, { concurrency: 2, handle });
  await until('the others are done', async () => seen.length === 21 && (await queue.pending()) === 1);
  released.resolve();
  await until('the slow one is done', async () => (await queue.pending()) === 0);
  await actor.drain(1_000);
});

test('work that takes longer than AckWait is delivered once', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection, { ackWaitMs: 800 });
  await queue.put('slow');
  const { seen, handle } = observed(() => sleep(2_500));
  const [one, other] = [queue.actor(kernel, { handle }), queue.actor(kernel, { handle })];
  await until('acked', async () => seen.length > 0 && (await queue.pending()) === 0);
  await Promise.all([one.drain(1_000), other.drain(1_000)]);
  assert.deepEqual(seen, ['slow#1']);
});

test('a delivery that comes again while it is being handled is not handled beside itself', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection, { ackWaitMs: 500 });
  await queue.put('x');
  // Not a multiple of AckWait: what comes just behind the end, before the ack has gone out, is handled once more.
  const { seen, handle } = observed(() => sleep(1_750));
  // Told a longer AckWait than the consumer has, the actor heartbeats too late, as a process that stood still does.
  const actor = queue.actor(kernel, { ackWaitMs: 20_000, handle });
  await until('acked', async () => seen.length > 0 && (await queue.pending()) === 0);
  await actor.drain(1_000);
  assert.deepEqual(seen, ['x#1']);
});

test('a retryable failure comes again after the delay it names, and succeeds then', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection);
  await queue.put('x');
  const times: number[] = [];
  const actor = queue.actor(kernel, {
    handle: () => {
      times.push(performance.now());
      if (times.length > 1) return Promise.resolve();
      throw new RetryableError('later', 'Not now.', { retryAfterMs: 700 });
    },
  });
  await until('acked', async () => times.length > 1 && (await queue.pending()) === 0);
  await actor.drain(1_000);
  assert.ok(times[1]! - times[0]! >= 690);
});

test('a failure that will never succeed is dead-lettered at the first attempt, one that may at the last, a bug too', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection);
  await queue.put('terminal', 'retryable', 'bug', 'fine');
  const failure = { code: 'no_way', message: 'It cannot be done.', hint: 'Do without.' };
  const dead: string[] = [];
  const actor = queue.actor(kernel, {
    maxAttempts: 2,
    handle: (delivery) => {
      const kind = textOf(delivery);
      if (kind === 'terminal') throw new TerminalError(failure);
      if (kind === 'retryable') throw new RetryableError('not_yet', 'Not yet.', { retryAfterMs: 10 });
      if (kind === 'bug') throw new TypeError('undefined is not a function');
      return Promise.resolve();
    },
    onDead: (delivery, { code }) => {
      dead.push(`${textOf(delivery)} ${code} ${delivery.attempt}`);
      return Promise.resolve();
    },
  });
  await until('all settled', async () => dead.length === 3 && (await queue.pending()) === 0);
  await actor.drain(1_000);
  assert.deepEqual(dead.sort(), ['bug internal_error 2', 'retryable not_yet 2', 'terminal no_way 1']);
  const letters = await deadLetters(queue.consumer);
  assert.deepEqual(letters.map(({ error, attempts }) => `${error.code} ${attempts}`).sort(), [
    'internal_error 2',
    'no_way 1',
    'not_yet 2',
  ]);
});

test('two processes on one durable consumer share its deliveries, each handled once', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection);
  await using other = await server.kernel('other');
  const [a, b] = [observed(() => sleep(2)), observed(() => sleep(2))];
  const actors = [queue.actor(kernel, { handle: a.handle }), queue.actor(other, { handle: b.handle })];
  await queue.put(...numbers(200));
  await until(
    'all acked',
    async () => a.seen.length + b.seen.length === 200 && (await queue.pending()) === 0,
  );
  await Promise.all(actors.map((actor) => actor.drain(1_000)));
  assert.equal(new Set([...a.seen, ...b.seen]).size, 200);
  assert.ok(a.seen.length > 0 && b.seen.length > 0);
});

test('at the limit of unacknowledged deliveries the rest waits on the server and goes on when there is room', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection, { maxAckPending: 3 });
  await queue.put(...numbers(30));
  const { seen, busy, handle } = observed(() => sleep(10));
  const actor = queue.actor(kernel, { concurrency: 20, handle });
  await until('all acked', async () => seen.length === 30 && (await queue.pending()) === 0);
  await actor.drain(1_000);
  assert.deepEqual([busy.most <= 3, new Set(seen).size], [true, 30]);
});

test('a message with a status line and a header name that the client library refuses is handled like any other', async (t) => {
  const queue = await makeWorkQueue(t, kernel.connection);
  const { seen, handle } = observed((delivery) => {
    if (delivery.body.length === 0) assert.equal(delivery.header('ce-id'), 'x');
    return Promise.resolve();
  });
  const actor = queue.actor(kernel, { handle });
  const odd = 'NATS/1.0 409 Consumer Deleted\r\nnot a header: x\r\nce-id: x\r\n\r\n';
  await publishRaw(server.nats.url, queue.subject, odd);
  await queue.put('next');
  await until('both handled', async () => seen.length === 2 && (await queue.pending()) === 0);
  await actor.drain(1_000);
  assert.deepEqual(seen, ['#1', 'next#1']);
});
