// A stream and durable consumer of a test's own, and an actor on it, for the rules of the actor loop alone.
import type { TestContext } from 'node:test';
import type { NatsConnection } from 'nats';
import { AckPolicy } from 'nats';
import type { ActorOptions, Kernel } from '@troupe/shared';
import { startActor } from '@troupe/shared';

export interface WorkQueue {
  readonly stream: string;
  readonly consumer: string;
  readonly subject: string;
  put(...bodies: string[]): Promise<void>;
  /** Deliveries without an ack. */
  pending(): Promise<number>;
  /** An actor with patient settings, but for `options`. It is drained at the end of the test, if it is not before. */
  actor(
    kernel: Kernel,
    options: Pick<ActorOptions, 'handle'> & Partial<ActorOptions>,
  ): ReturnType<typeof startActor>;
}

let queues = 0;

export async function makeWorkQueue(
  t: TestContext,
  connection: NatsConnection,
  settings: { ackWaitMs?: number; maxAckPending?: number } = {},
): Promise<WorkQueue> {
  const { ackWaitMs = 5_000, maxAckPending = 1_000 } = settings;
  queues += 1;
  const [stream, consumer] = [`WORK_${queues}`, `worker-${queues}`];
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: stream, subjects: [`work-${queues}.>`] });
  await manager.consumers.add(stream, {
    durable_name: consumer,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ackWaitMs * 1e6,
    max_ack_pending: maxAckPending,
  });
  const subject = `work-${queues}.item`;
  return {
    stream,
    consumer,
    subject,
    async put(...bodies) {
      const jetstream = connection.jetstream();
      for (const body of bodies) await jetstream.publish(subject, body);
    },
    async pending() {
      return (await manager.consumers.info(stream, consumer)).num_ack_pending;
    },
    actor(kernel, options) {
      const actor = startActor({
        connection: kernel.connection,
        stream,
        consumer,
        concurrency: 8,
        ackWaitMs,
        maxAttempts: 5,
        deadLetters: kernel.deadLetters,
        suspects: kernel.suspects,
        logger: kernel.logger,
        metrics: kernel.metrics,
        onFatal: () => undefined,
        ...options,
      });
      t.after(() => actor.drain(0));
      return actor;
    },
  };
}
