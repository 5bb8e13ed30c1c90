// What is measured: nats-server as `dev` starts it, planners, and the three workers that do nothing, each a process of its own
// with the settings and the logging that it is shipped with; and, apart from them, the load generator.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NatsServer, NodeService, NodeServiceOptions } from '@troupe/setup';
import { findNatsServer, localDir, root, startNatsServer, startNode } from '@troupe/setup';
import type { Kernel } from '@troupe/shared';
import { createLogger, openKernel, provision } from '@troupe/shared';
import { report } from '../support/command.ts';
import type { Cpu } from './cpu.ts';
import { cpuOf } from './cpu.ts';
import type { Command, Drive, Driven, Publish, Published, Reply } from './load/commands.ts';
import { LOAD_SUBJECT } from './load/commands.ts';
import { scratchFolder } from './scratch.ts';

export interface Server extends AsyncDisposable {
  readonly nats: NatsServer;
  /** The bench's own. */
  readonly kernel: Kernel;
}

export interface System extends Server {
  /** One more planner; resolves when it is ready. */
  startPlanner(): Promise<NodeService>;
  drive(order: Omit<Drive, 'kind'>): Promise<Driven>;
  publish(order: Omit<Publish, 'kind'>): Promise<Published>;
  /** Of everything that is measured, so far; undefined where the system does not tell. */
  cpu(): Promise<Cpu | undefined>;
}

export interface SystemOptions {
  /** Default: the shipped one. */
  readonly plannerEntry?: string;
  /** Planners write their CPU profiles here. */
  readonly profileDir?: string | undefined;
}

const fileHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const WORKERS = ['memory', 'llm-gateway', 'tool-executor'] as const;
/** On top of what a command may take by itself. */
const REPLY_WITHIN_MS = 45_000;

/** A server with the shipped settings and streams, in a folder of its own that goes with it. */
export async function startServer(): Promise<Server> {
  await using opened = new AsyncDisposableStack();
  const { command: binary } = await findNatsServer({ env: process.env, localDir, report });
  const storeDir = scratchFolder();
  opened.defer(() => rm(storeDir, { recursive: true, force: true }));
  const nats = opened.use(await startNatsServer({ binary, storeDir }));
  const logger = createLogger('bench', 'silent');
  const kernel = opened.use(await openKernel({ url: nats.url, name: 'bench', logger }));
  await provision(kernel.connection, nats.monitorUrl);
  const owned = opened.move();
  return { nats, kernel, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Resolves when the server, the workers and the load generator are ready; planners are started by the caller. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  await using opened = new AsyncDisposableStack();
  const { nats, kernel } = opened.use(await startServer());
  const measured = new Set<{ readonly name: string; readonly pid: number }>([
    { name: 'nats-server', pid: nats.pid() },
  ]);

  // Moved as a whole when everything is up, so that planners can still be added to it.
  const processes = opened.use(new AsyncDisposableStack());
  const start = async (name: string, entry: string, given: Partial<NodeServiceOptions> = {}) => {
    const env = { NATS_URL: nats.url, ...given.env };
    return processes.use(await startService({ name, entry, ...given, env }));
  };
  const counted = (service: NodeService): NodeService => {
    measured.add(service);
    void service.exited.then(() => measured.delete(service));
    return service;
  };
  // Without keys neither the gateway nor memory starts; nobody is asked with the one, and nothing sealed with the other.
  const env = { OPENAI_API_KEY: 'none', AGENT_MEMORY_KEY: '0'.repeat(64) };
  const [workers] = await Promise.all([
    Promise.all(WORKERS.map((name) => start(name, fileHere(`workers/${name}.ts`), { env }))),
    start('load', fileHere('load/main.ts'), { args: [nats.url] }),
  ]);
  workers.forEach(counted);

  const ask = async <Result>(command: Command): Promise<Result> => {
    const timeout = command.seconds * 1_000 + REPLY_WITHIN_MS;
    const message = await kernel.connection.request(LOAD_SUBJECT, JSON.stringify(command), { timeout });
    const reply = message.json<Reply<Result>>();
    if ('error' in reply) throw new Error(reply.error);
    return reply.result;
  };
  const planner = options.plannerEntry ?? join(root, 'services', 'planner', 'src', 'main.ts');
  const owned = opened.move();
  return {
    nats,
    kernel,
    startPlanner: async () =>
      counted(await start('planner', planner, { env: profiling(options.profileDir) })),
    drive: (order) => ask<Driven>({ kind: 'drive', ...order }),
    publish: (order) => ask<Published>({ kind: 'publish', ...order }),
    cpu: () => cpuOf([...measured]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A service with nothing of the caller's settings, nor of a `.env` file: what is measured is what is shipped. Resolves when it is ready. */
export async function startService(options: NodeServiceOptions): Promise<NodeService> {
  const env = { ...BARE, ...options.env };
  const service = startNode({ ...options, env, onLine: warningsOf(options.name) });
  await service.ready.catch(async (error: unknown) => {
    await service.stop();
    throw error;
  });
  return service;
}

const BARE = { APP_ENV: 'production', PATH: process.env['PATH'], HOME: process.env['HOME'] };

/** Services are quiet while all is well; reading their lines is the cost of whoever collects logs, not of them. */
const warningsOf =
  (name: string) =>
  (line: string): void => {
    if (!line.startsWith('{"level":"info"')) report(`${name}: ${line}`);
  };

/** Settings of a service that writes its CPU profile there. */
export const profiling = (dir: string | undefined): Record<string, string> =>
  dir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${JSON.stringify(dir)}` };
