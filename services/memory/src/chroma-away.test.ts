// Chroma that answers faults, answers slowly, or lost its data: a run goes on within a bounded time and its log says why, and what is to be
// remembered waits in the stream. Chroma dead or hanging: memory.test.ts.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { rpc, UserId } from '@troupe/contracts';
import { callRpc, DEAD_STREAM } from '@troupe/shared';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { WrittenRun } from './test-support/written-run.ts';

/** Two calls of the embedder and two of Chroma with half a second each, two pauses, and a busy machine. */
const BOUND_MS = 8_000;

let stack: Stack;
before(async () => {
  stack = await startStack();
  await stack.chroma.start();
});
after(() => stack[Symbol.asyncDispose]());

const begin = (user: string, workflow: string) =>
  WrittenRun.begin(stack.kernel, user, workflow, 'Do something');
const told = ({ type, data }: Awaited<ReturnType<WrittenRun['recall']>>): string[] => {
  assert.ok(type === 'memory.completed', JSON.stringify(data));
  return data.snippets.map(({ text }) => text);
};
const deadLetters = async (): Promise<number> => {
  const manager = await stack.kernel.connection.jetstreamManager();
  return (await manager.streams.info(DEAD_STREAM)).state.messages;
};

async function standIn(answer: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const faults: [what: string, answer: RequestListener][] = [
  ['answers 500', (_, response) => response.writeHead(500, { 'content-type': 'application/json' }).end('{}')],
  ['answers 503 with a page', (_, response) => response.writeHead(503).end('<h1>Down</h1>')],
  ['answers nothing that can be read', (_, response) => response.writeHead(200).end('<h1>Welcome</h1>')],
  ['breaks every connection', (request) => request.socket.destroy()],
  ['answers too late', (_, response) => void setTimeout(() => response.end('{}'), 3_000)],
];
for (const [i, [what, answer]] of faults.entries()) {
  test(`a Chroma that ${what} holds no run, is told of in its log, and loses nothing`, async () => {
    const letters = await deadLetters();
    await using chroma = await standIn(answer);
    await stack.start({ CHROMA_URL: chroma.url });
    const run = await begin(`ann-${i}`, `wf_${i}`);
    await run.remember('Ann plays the oboe');
    await stack.keyed(`ann-${i}`);
    const started = performance.now();
    const { type, data } = await run.recall('the oboe');
    assert.ok(performance.now() - started < BOUND_MS);
    assert.ok(type === 'memory.failed', JSON.stringify(data));
    assert.equal(data.error.code, 'memory_unavailable');
    await stack.stop();

    await stack.start();
    await stack.projected();
    assert.deepEqual(told(await run.recall('the oboe')), ['Ann plays the oboe']);
    await stack.stop();
    assert.equal(await deadLetters(), letters);
  });
}

test('the jobs of a user are told of while Chroma is away', async () => {
  await stack.chroma.kill();
  await stack.start();
  const status = await callRpc(stack.kernel.connection, rpc.memoryStatus, {
    ...{ user: UserId.parse('ann-0'), request: {}, timeoutMs: 5_000 },
  });
  assert.deepEqual(status, { jobs: [] });
  await stack.stop();
  await stack.chroma.start();
});

test('a Chroma that comes back empty is used at once and says that there may be more, while it is rebuilt from the log', async () => {
  await stack.start();
  const run = await begin('bob', 'wf_bob');
  await run.remember('Bob plays the bassoon');
  await stack.projected();
  assert.equal(told(await run.recall('the bassoon')).length, 1);

  await stack.chroma.kill();
  await rm(stack.chroma.dataDir, { recursive: true });
  await stack.chroma.start();
  const { data } = await run.recall('the bassoon');
  assert.deepEqual(data, { snippets: [], rebuilding: true });
  await run.remember('Bob also plays the flute');
  await stack.projected();
  assert.ok(told(await run.recall('the flute')).includes('Bob also plays the flute'));
  await stack.jobsDone('bob');
  const again = await run.recall('Bob plays the bassoon');
  assert.deepEqual(told(again).toSorted(), ['Bob also plays the flute', 'Bob plays the bassoon']);
  assert.ok(!('rebuilding' in again.data));
});
