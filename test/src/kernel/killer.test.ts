// Messages that end the process that handles them, over real processes: they are given up, nothing else is, and nothing waits for long.
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deadSubject } from '@troupe/contracts';
import { startNode } from '@troupe/setup';
import { DEAD_STREAM, type Kernel } from '@troupe/shared';
import { startTestServer, type TestServer } from '../support/server.ts';
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

const entry = fileURLToPath(new URL('../support/deadly-worker.ts', import.meta.url));

/** Starts a worker, and another one whenever it ends. Counts its ends, and what was handled. */
function supervise(t: TestContext, { stream, consumer }: WorkQueue) {
  const seen = { deaths: 0, handled: [] as string[] };
  let going = true;
  let worker = start();
  function start() {
    const args = [server.nats.url, stream, consumer];
    const onLine = (line: string): void => {
      const word = /"word":"([^"]+)"/.exec(line)?.[1];
      if (word !== undefined) seen.handled.push(word);
    };
    const started = startNode({ name: 'deadly', entry, args, env: process.env, onLine });
    void started.exited.then(() => {
      if (!going) return;
      seen.deaths += 1;
      worker = start();
    });
    return started;
  }
  t.after(() => {
    going = false;
    return worker.stop();
  });
  return seen;
}

/** The bodies and codes of the dead letters of a consumer. */
async function letters(consumer: string): Promise<string[]> {
  const manager = await kernel.connection.jetstreamManager();
  const { state } = await manager.streams.info(DEAD_STREAM);
  const found: string[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const stored = await manager.streams.getMessage(DEAD_STREAM, { seq });
    if (stored.subject !== deadSubject(consumer)) continue;
    const letter = stored.json<{ body_base64: string; error: { code: string } }>();
    found.push(`${Buffer.from(letter.body_base64, 'base64').toString()} ${letter.error.code}`);
  }
  return found.sort();
}

async function handledAround(t: TestContext, killers: string[], innocents: string[]): Promise<number> {
  const queue = await makeWorkQueue(t, kernel.connection, { ackWaitMs: 1_000 });
  const middle = innocents.length / 2;
  await queue.put(...innocents.slice(0, middle), ...killers, ...innocents.slice(middle));
  const seen = supervise(t, queue);
  await until(
    'everything is settled',
    async () => {
      const found = await letters(queue.consumer);
      return found.length >= killers.length && (await queue.pending()) === 0;
    },
    120_000,
  );
  assert.deepEqual(await letters(queue.consumer), killers.map((word) => `${word} never_settled`).sort());
  assert.deepEqual([...new Set(seen.handled)].sort(), [...innocents].sort());
  await queue.put('behind');
  await until('what comes behind is handled', () => seen.handled.includes('behind'));
  return seen.deaths;
}

const words = (what: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${what}-${i}`);

test('of 20 messages in hand one kills its process: it alone is given up, after five deaths', async (t) => {
  assert.equal(await handledAround(t, ['kill'], words('slow', 20)), 5);
});

test('three killers among ten are given up, each after dying alone, and nothing else is', async (t) => {
  const deaths = await handledAround(t, ['kill-a', 'crash-b', 'kill-c'], words('slow', 10));
  t.diagnostic(`${deaths} deaths`);
});
