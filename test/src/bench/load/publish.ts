// The raw rate beside which the workflows are seen: plain JetStream publishes through the kernel's publisher, each to a subject
// of its own as in the log, without headers and without compare-and-set.
import type { Publisher } from '@troupe/shared';
import type { Publish, Published } from './commands.ts';

const TIMEOUT_MS = 10_000;

export async function publish(publisher: Publisher, order: Publish): Promise<Published> {
  const body = 'x'.repeat(order.bytes);
  const startedAt = performance.now();
  const stopAt = startedAt + order.seconds * 1_000;
  let messages = 0;
  const keepPublishing = async (): Promise<void> => {
    while (performance.now() < stopAt) {
      messages += 1;
      const outcome = await publisher.publish(`${order.prefix}.${messages}`, {}, body, TIMEOUT_MS);
      if (outcome.kind !== 'stored') throw new Error(`A raw publish was not stored: ${outcome.kind}.`);
    }
  };
  await Promise.all(Array.from({ length: order.concurrency }, keepPublishing));
  return { messages, seconds: (performance.now() - startedAt) / 1_000 };
}
