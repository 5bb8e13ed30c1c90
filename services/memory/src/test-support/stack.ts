// Everything that the memory service needs, for real, but for the embedding model: nats-server with the declared streams,
// Chroma, and the service in this process.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rpc, UserId } from '@troupe/contracts';
import type { Environment, Kernel, Running } from '@troupe/shared';
import {
  callRpc,
  createLogger,
  declaredConsumers,
  environment,
  LOG_STREAM,
  MEMORY_KEYS_BUCKET,
  openEntries,
  openKernel,
  provision,
} from '@troupe/shared';
import { findNatsServer, localDir, startNatsServer } from '@troupe/setup';
import { readConfig } from '../config.ts';
import { startMemory } from '../start.ts';
import type { TestChroma } from './chroma.ts';
import { testChroma } from './chroma.ts';
import { serveWordEmbedder, WORD_MODEL } from './word-embedder.ts';

/** Longer than the projection's AckWait and its longest pause together. */
const PATIENCE_MS = 60_000;

export interface Stack extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly natsUrl: string;
  readonly chroma: TestChroma;
  /** Called with every text to embed; what it throws is the stand-in's answer. */
  onEmbed: (text: string) => void;
  /** What the stand-in calls its model. */
  model: string;
  /** The service, with other settings than the usual ones if need be. */
  start(env?: Environment): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when a user has a key: the service makes it before it reaches for Chroma, and asks Chroma for nobody who has none. */
  keyed(user: string): Promise<void>;
  /** Resolves when the projection has nothing left to do. */
  projected(): Promise<void>;
  /** Resolves when the user has no rebuild and no erasure under way, and his memory is whole. */
  jobsDone(user: string): Promise<void>;
  /** The other services, which do not run here, are done with the log and the door: an erasure would wait for them. */
  othersDone(): Promise<void>;
  /** Has the projection read the log again from its beginning. The service must be stopped. */
  rewindProjection(): Promise<void>;
}

export async function startStack(): Promise<Stack> {
  const opened = new AsyncDisposableStack();
  const find = { env: environment(), localDir, report: () => undefined };
  const { command: binary } = await findNatsServer(find);
  const storeDir = await mkdtemp(join(tmpdir(), 'troupe-memory-'));
  opened.defer(() => rm(storeDir, { recursive: true, force: true }));
  const nats = opened.use(await startNatsServer({ binary, storeDir }));
  const chroma = opened.use(await testChroma());
  const kernel = opened.use(
    await openKernel({ url: nats.url, name: 'test', logger: createLogger('test', 'silent') }),
  );
  await provision(kernel.connection, nats.monitorUrl);
  const manager = await kernel.connection.jetstreamManager();
  const entries = openEntries(kernel.connection, kernel.publisher, MEMORY_KEYS_BUCKET);
  const settings = {
    CHROMA_URL: chroma.url,
    AGENT_MEMORY_TIMEOUT_SECONDS: '0.5',
    AGENT_MEMORY_KEY: randomBytes(32).toString('hex'),
  };

  // The service has a connection of its own, which ends its queries when it stops.
  let service: { kernel: Kernel; running: Running } | undefined;
  const stack: Stack = {
    kernel,
    natsUrl: nats.url,
    chroma,
    onEmbed: () => undefined,
    model: WORD_MODEL,
    async start(env = {}) {
      const own = await openKernel({ url: nats.url, name: 'memory', logger: kernel.logger });
      const running = await startMemory(own, readConfig({ ...settings, ...env }), (error) => {
        throw error;
      });
      // The server knows what it answers: a query that came before would find nobody.
      await own.connection.flush();
      service = { kernel: own, running };
    },
    async stop() {
      await Promise.all(service?.running.actors.map((actor) => actor.drain(5_000)) ?? []);
      await service?.kernel[Symbol.asyncDispose]();
      service = undefined;
    },
    keyed: (user) => until(`${user} has a key`, async () => (await entries.read(`users.${user}`)).size > 0),
    projected: () =>
      until('the projection has nothing left to do', async () => {
        const info = await manager.consumers.info(LOG_STREAM, 'memory-projection');
        return info.num_pending === 0 && info.num_ack_pending === 0;
      }),
    jobsDone: (id) => {
      const asking = { user: UserId.parse(id), request: {}, timeoutMs: 10_000 };
      const isDone = async (): Promise<boolean> => {
        const { rebuilding } = await callRpc(kernel.connection, rpc.listMemory, asking);
        const { jobs } = await callRpc(kernel.connection, rpc.memoryStatus, asking);
        return rebuilding !== true && jobs.every(({ state }) => state === 'done');
      };
      // A busy Chroma may not answer in time.
      return until(`${id} has no job under way`, () => isDone().catch(() => false));
    },
    async othersDone() {
      for (const { stream, config } of declaredConsumers()) {
        if (config.durable_name.startsWith('memory')) continue;
        await manager.consumers.delete(stream, config.durable_name);
        await manager.consumers.add(stream, { ...config, deliver_policy: 'new' } as never);
      }
    },
    async rewindProjection() {
      await manager.consumers.delete(LOG_STREAM, 'memory-projection');
      await provision(kernel.connection, nats.monitorUrl);
    },
    async [Symbol.asyncDispose]() {
      await stack.stop();
      await opened.disposeAsync();
    },
  };
  await serveWordEmbedder(kernel, { refuse: (text) => stack.onEmbed(text), model: () => stack.model });
  return stack;
}

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    if (await is()) return;
    await sleep(20);
  }
  throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
}
