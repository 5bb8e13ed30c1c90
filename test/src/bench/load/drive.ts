// Keeps workflows in flight, as a plain NATS client that knows only subjects and JSON: publishes at the door, and takes the
// result from a subscription. An end that is not a completion, or that does not come, is an error.
import type { NatsConnection } from 'nats';
import { percentile } from '../statistics.ts';
import type { Drive, Driven } from './commands.ts';
import { BENCH_USER } from './commands.ts';

const GOAL = 'Read the total of the open invoice and tell the user.';
/** For the last workflows to end, after the last one was begun. */
const PATIENCE_MS = 30_000;

export async function drive(connection: NatsConnection, order: Drive): Promise<Driven> {
  const { promise, resolve, reject } = Promise.withResolvers<Driven>();
  const beganAt = new Map<string, number>();
  const tookMs: number[] = [];
  const startedAt = performance.now();
  const stopAt = startedAt + order.seconds * 1_000;

  const begin = (): void => {
    const workflow = `${order.run}-${tookMs.length + beganAt.size}`;
    beganAt.set(workflow, performance.now());
    const request = { goal: GOAL, workflow_id: workflow, workflow_type: order.workflowType };
    connection.publish(`agents.workflow.requested.${BENCH_USER}`, JSON.stringify(request));
  };

  const end = (workflow: string): void => {
    const began = beganAt.get(workflow);
    // A plain subscriber may see an event again that the log holds once.
    if (began === undefined) return;
    const now = performance.now();
    beganAt.delete(workflow);
    tookMs.push(now - began);
    if (now < stopAt) begin();
    else if (beganAt.size === 0) {
      const workflows = tookMs.length;
      tookMs.sort((a, b) => a - b);
      const [p50Ms, p99Ms] = [percentile(tookMs, 0.5), percentile(tookMs, 0.99)];
      resolve({ workflows, seconds: (now - startedAt) / 1_000, p50Ms, p99Ms });
    }
  };

  const subscriptions = ['completed', 'failed', 'cancelled', 'disabled'].map((status) =>
    connection.subscribe(`agents.workflow.${status}.*.${BENCH_USER}.*`, {
      callback: (_error, message) => {
        const workflow = message.subject.split('.')[5] ?? '';
        if (status === 'completed') end(workflow);
        else reject(new Error(`${workflow} ended as ${status}: ${message.string()}`));
      },
    }),
  );
  const patience = setTimeout(
    () => {
      const [first] = beganAt.keys();
      reject(new Error(`${beganAt.size} workflows did not end, among them ${first ?? 'none'}`));
    },
    order.seconds * 1_000 + PATIENCE_MS,
  );
  try {
    for (let i = 0; i < order.concurrency; i += 1) begin();
    return await promise;
  } finally {
    clearTimeout(patience);
    for (const subscription of subscriptions) subscription.unsubscribe();
  }
}
