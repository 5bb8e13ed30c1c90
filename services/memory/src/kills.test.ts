// kill -9 of the service, and of Chroma, at every step of an upsert: before and after each request to Chroma (its key and collection are
// looked for, made, written, marked) and to the embedder. After recovery no memory is missing and none is there twice.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ChromaClient } from 'chromadb';
import { rpc, UserId } from '@troupe/contracts';
import type { NodeService } from '@troupe/setup';
import { startNode } from '@troupe/setup';
import { callRpc, DEAD_STREAM, environment } from '@troupe/shared';
import type { DeadlyProxy } from './test-support/deadly-proxy.ts';
import { startDeadlyProxy } from './test-support/deadly-proxy.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { WrittenRun } from './test-support/written-run.ts';

const PATIENCE_MS = 10_000;

let stack: Stack;
let proxy: DeadlyProxy;
const opened = new AsyncDisposableStack();
before(async () => {
  stack = opened.use(await startStack());
  await stack.chroma.start();
  proxy = opened.use(await startDeadlyProxy(stack.chroma.url));
});
after(() => opened.disposeAsync());

const KEY = randomBytes(32).toString('hex');
const start = (): NodeService =>
  startNode({
    name: 'memory',
    entry: fileURLToPath(new URL('main.ts', import.meta.url)),
    env: {
      ...environment(),
      ...{ NATS_URL: stack.natsUrl, CHROMA_URL: proxy.url, AGENT_MEMORY_KEY: KEY },
    },
  });
const kill = async (service: NodeService): Promise<void> => {
  service.kill('SIGKILL');
  await service.exited;
};
const begin = async (user: string): Promise<WrittenRun> => {
  const run = await WrittenRun.begin(stack.kernel, user, `wf_${user}`, 'Do something');
  await run.remember(`What ${user} said`);
  return run;
};
const struck = async (): Promise<void> => {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    if (proxy.struck) return;
    await sleep(5);
  }
  throw new Error('the request at which something is to be killed did not come');
};

/** By the service's own word, and by Chroma's. */
async function assertOnce(users: readonly string[], { rebuilt }: { rebuilt: boolean }): Promise<void> {
  for (const user of users) {
    await stack.jobsDone(user);
    const asking = { user: UserId.parse(user), request: {}, timeoutMs: PATIENCE_MS };
    const { records } = await callRpc(stack.kernel.connection, rpc.listMemory, asking);
    const { jobs } = await callRpc(stack.kernel.connection, rpc.memoryStatus, asking);
    // Where only the service died nothing was lost, and nothing is to be doubted.
    if (!rebuilt) assert.deepEqual(jobs, []);
    assert.deepEqual(
      records.map(({ text }) => text),
      [`What ${user} said`],
    );
  }
  const client = new ChromaClient({ host: '127.0.0.1', port: Number(new URL(stack.chroma.url).port) });
  const collections = await client.listCollections({ limit: 1_000 });
  const counts = await Promise.all(collections.map((collection) => collection.count()));
  assert.deepEqual(
    counts,
    counts.map(() => 1),
  );
  const manager = await stack.kernel.connection.jetstreamManager();
  assert.equal((await manager.streams.info(DEAD_STREAM)).state.messages, 0);
}

const users: string[] = [];
/** What an upsert of a user who was never met asks of Chroma. */
let steps = 0;

test('an upsert is a handful of requests to Chroma', async () => {
  await using service = start();
  await service.ready;
  const before = proxy.seen;
  users.push('first');
  await begin('first');
  await stack.projected();
  steps = proxy.seen - before;
  assert.ok(steps >= 4 && steps < 12, String(steps));
});

test('the service killed at each step of an upsert loses nothing and writes nothing twice', async () => {
  // A kill behind a request is one before the next, but for the last: what the service was told goes with it.
  const moments = Array.from({ length: steps }, (_, i) => [i + 1, 'before'] as const);
  for (const [n, moment] of [...moments, [steps, 'after'] as const]) {
    const service = start();
    await service.ready;
    proxy.arm(n, moment, () => kill(service));
    const user = `killed-${moment}-${n}`;
    users.push(user);
    await begin(user);
    await struck();
  }
  for (const moment of ['before', 'behind']) {
    const service = start();
    await service.ready;
    const user = `embedding-${moment}`;
    users.push(user);
    stack.onEmbed = (text) => {
      if (!text.includes(user)) return;
      if (moment === 'before') service.kill('SIGKILL');
      else setImmediate(() => service.kill('SIGKILL'));
    };
    await begin(user);
    await service.exited;
    stack.onEmbed = () => undefined;
  }
  await using service = start();
  await service.ready;
  await stack.projected();
  await assertOnce(users, { rebuilt: false });
});

test('Chroma killed before and behind each request of an upsert loses nothing and holds nothing twice', async () => {
  await using service = start();
  await service.ready;
  for (const moment of ['before', 'after'] as const) {
    for (let n = 1; n <= steps; n += 1) {
      proxy.arm(n, moment, stack.chroma.kill);
      const user = `chroma-${moment}-${n}`;
      users.push(user);
      await begin(user);
      await struck();
      await stack.chroma.start();
      await stack.projected();
    }
  }
  await assertOnce(users, { rebuilt: true });
});
