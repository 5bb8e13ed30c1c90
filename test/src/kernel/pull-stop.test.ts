// What becomes of messages that are on their way to a puller that stops: a service that is restarted must not hold them back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PullConsumer } from '../../../shared/src/nats/pull.ts';
import { startTestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { makeWorkQueue } from '../support/work-queue.ts';

test('messages on their way to a puller that stops are delivered to another one without waiting for AckWait', async (t) => {
  await using server = await startTestServer({ provisioned: false });
  await using kernel = await server.kernel();
  await using other = await server.kernel('other');
  const queue = await makeWorkQueue(t, kernel.connection, { ackWaitMs: 60_000 });
  const numbers = Array.from({ length: 300 }, (_, i) => `${i}`);
  await queue.put(...numbers);
  let taken = 0;
  const stopping = new PullConsumer({
    connection: kernel.connection,
    stream: queue.stream,
    consumer: queue.consumer,
    slots: 200,
    onGone: () => undefined,
    onDelivery: (delivery) => {
      taken += 1;
      delivery.ack();
      if (taken === 10) stopping.stop();
    },
  });
  await until('stopped', () => taken === 10);
  const seen = new Set<string>();
  const actor = queue.actor(other, {
    concurrency: 50,
    handle: ({ body }) => {
      seen.add(Buffer.from(body).toString());
      return Promise.resolve();
    },
  });
  await until('the rest', () => seen.size === numbers.length - taken, 10_000);
  await actor.drain(1_000);
  assert.equal(taken, 10);
});
