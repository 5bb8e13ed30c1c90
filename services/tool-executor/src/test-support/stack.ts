// A nats-server with the declared streams, and executors in this process, each on a connection of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Actor, Kernel, Running } from '@troupe/shared';
import { createLogger, environment, LOG_STREAM, openKernel, provision, startWorker } from '@troupe/shared';
import { findNatsServer, localDir, startNatsServer } from '@troupe/setup';
import { readConfig } from '../config.ts';
import { createHandler, givenUp } from '../handle.ts';
import { createRegistry } from '../registry.ts';
import { isSettled } from '../settled.ts';
import { startExecutor } from '../start.ts';
import type { Tool } from '../tool.ts';

export interface Stack extends AsyncDisposable {
  /** The test's own connection. */
  readonly kernel: Kernel;
  readonly natsUrl: string;
  /** A worker with these tools alone. */
  serve(tools: readonly Tool[]): Promise<AsyncDisposable>;
  /** A whole executor with these settings. */
  start(settings?: Record<string, string>): Promise<AsyncDisposable>;
  /** Makes the server forget what was delivered and acked: everything is delivered again, as after a lost store. */
  forgetDeliveries(): Promise<void>;
}

export async function startStack(): Promise<Stack> {
  const opened = new AsyncDisposableStack();
  const { command: binary } = await findNatsServer({
    env: environment(),
    localDir,
    report: () => undefined,
  });
  const storeDir = await mkdtemp(join(tmpdir(), 'troupe-executor-'));
  opened.defer(() => rm(storeDir, { recursive: true, force: true }));
  const nats = opened.use(await startNatsServer({ binary, storeDir }));
  const open = (name: string): Promise<Kernel> =>
    openKernel({ url: nats.url, name, logger: createLogger(name, 'silent') });
  const kernel = opened.use(await open('test'));
  await provision(kernel.connection, nats.monitorUrl);

  return {
    kernel,
    natsUrl: nats.url,
    async serve(tools) {
      const own = await open('tool-executor');
      return stopping(own, { actors: [serveTools(own, tools)] });
    },
    async start(settings = {}) {
      const own = await open('tool-executor');
      return stopping(own, await startExecutor(own, readConfig(settings), () => undefined));
    },
    async forgetDeliveries() {
      const manager = await kernel.connection.jetstreamManager();
      await manager.consumers.delete(LOG_STREAM, 'tool-executor');
      await provision(kernel.connection, nats.monitorUrl);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function serveTools(kernel: Kernel, tools: readonly Tool[]): Actor {
  return startWorker({
    kernel,
    service: 'tool-executor',
    request: 'tool.requested',
    consumer: 'tool-executor',
    concurrency: 8,
    maxAttempts: 5,
    acts: true,
    isSettled,
    handle: createHandler({
      ...kernel,
      registry: createRegistry(tools),
      newToken: () => crypto.randomUUID(),
      now: Date.now,
    }),
    givenUp,
    // The consumer is deleted under a running worker by `forgetDeliveries`.
    onFatal: () => undefined,
  });
}

const stopping = (kernel: Kernel, running: Running): AsyncDisposable => ({
  async [Symbol.asyncDispose]() {
    await Promise.all(running.actors.map((actor) => actor.drain(100)));
    for (const part of running.closes ?? []) await part[Symbol.asyncDispose]();
    await kernel[Symbol.asyncDispose]();
  },
});
