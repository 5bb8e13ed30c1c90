// Following a run, as people and clients do: every event once, in order, to its end, also over a connection that breaks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Position, StoredEvent, WorkflowKey } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { append, assertChain, draftOf, someWorkflow } from '../support/events.ts';
import { dice } from '../support/property.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

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

/** Writes a run of `length` events that ends. */
async function run(key: WorkflowKey, length: number, pauseMs = 0): Promise<void> {
  let last: Position = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  for (let i = 2; i < length; i += 1) {
    last = await append(kernel, draftOf('timer.fired', key, { name: `${i}` }), last);
    if (pauseMs > 0) await sleep(pauseMs);
  }
  await append(kernel, draftOf('workflow.completed', key, { name: 'last' }), last);
}

async function followed(by: Kernel, key: WorkflowKey): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of by.log.follow(key, AbortSignal.timeout(30_000))) events.push(event);
  return events;
}

test('a run is followed from its first event to its end, whether it is over, going on or not begun', async () => {
  const keys = [someWorkflow(), someWorkflow(), someWorkflow()] as const;
  const [over, going, coming] = keys;
  await run(over, 50);
  const writing = run(going, 50, 2);
  await sleep(30);
  const following = Promise.all(keys.map((key) => followed(kernel, key)));
  await sleep(30);
  await Promise.all([writing, run(coming, 50)]);
  for (const [i, events] of (await following).entries()) {
    assertChain(events, keys[i]!);
    assert.deepEqual([events.length, events.at(-1)?.type], [50, 'workflow.completed']);
  }
});

test('a run is followed to its end, each event once and in order, over a connection that is cut again and again', async (t) => {
  const random = dice(t);
  await using proxy = await startTcpProxy(server.nats.url);
  await using far = await server.kernel('far', proxy.url);
  const keys = Array.from({ length: 10 }, () => someWorkflow());
  const following = Promise.all(keys.map((key) => followed(far, key)));
  const over = new AbortController();
  const cutting = (async () => {
    while (!over.signal.aborted) {
      await sleep(200 + random() * 200);
      if (random() < 0.5) proxy.cut();
      else proxy.cutNextAnswer();
    }
  })();
  await Promise.all(keys.map((key) => run(key, 150, 10)));
  over.abort();
  await cutting;
  for (const [i, events] of (await following).entries()) {
    assertChain(events, keys[i]!);
    assert.equal(events.length, 150);
  }
});

test('a run is followed to its end though the server is killed and started again on the way', async () => {
  const key = someWorkflow();
  const following = followed(kernel, key);
  const writing = run(key, 100, 10);
  await sleep(400);
  server.nats.kill('SIGKILL');
  await server.nats.restart();
  await writing;
  const events = await following;
  assertChain(events, key);
  assert.equal(events.length, 100);
});

test('following ends with the reason of its signal', async () => {
  const key = someWorkflow();
  await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  const stop = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const event of kernel.log.follow(key, stop.signal)) {
      seen.push(event.type);
      stop.abort(new Error('enough'));
    }
  })();
  await assert.rejects(following);
  assert.deepEqual(seen, ['workflow.requested']);
});
