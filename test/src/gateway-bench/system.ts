// What is measured, each a process of its own: one provider-simulator, nats-server and our gateway as they are shipped, Portkey if
// it is wanted; and the load generator that calls them.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeService, NodeServiceOptions } from '@troupe/setup';
import { root } from '@troupe/setup';
import type { Cpu } from '../bench/cpu.ts';
import { cpuOf } from '../bench/cpu.ts';
import type { Reply } from '../bench/load/commands.ts';
import { LOAD_SUBJECT } from '../bench/load/commands.ts';
import { profiling, startServer, startService } from '../bench/system.ts';
import type { Driven, Order } from './load/commands.ts';
import { startPortkey } from './portkey.ts';
import { SCRIPT } from './question.ts';

export interface System extends AsyncDisposable {
  drive(order: Order): Promise<Driven>;
  /** Of all processes so far; undefined where the system does not tell. */
  cpu(): Promise<Cpu | undefined>;
  /** How many calls the simulator answered whole; throws if it saw any other. */
  answered(): Promise<number>;
}

export interface SystemOptions {
  readonly portkey: boolean;
  /** Our gateway writes its CPU profile here. */
  readonly profileDir: string | undefined;
  readonly report: (line: string) => void;
}

/** On top of what an order may take by itself. */
const REPLY_WITHIN_MS = 90_000;

const entryOf = (service: string): string => join(root, 'services', service, 'src', 'main.ts');

/** Resolves when everything is ready. */
export async function startSystem({ portkey, profileDir, report }: SystemOptions): Promise<System> {
  await using opened = new AsyncDisposableStack();
  const { nats, kernel } = opened.use(await startServer());
  const processes: { readonly name: string; readonly pid: number }[] = [
    { name: 'nats-server', pid: nats.pid() },
  ];
  const start = async (options: NodeServiceOptions): Promise<NodeService> => {
    const service = opened.use(await startService(options));
    processes.push(service);
    return service;
  };

  const simulator = await start({ name: 'simulator', entry: entryOf('provider-simulator'), env: {} });
  const provider = String((await simulator.ready)['url']);
  await script(provider);
  await start({
    name: 'llm-gateway',
    entry: entryOf('llm-gateway'),
    env: {
      NATS_URL: nats.url,
      OPENAI_API_KEY: 'none',
      OPENAI_BASE_URL: `${provider}/v1`,
      ...profiling(profileDir),
    },
  });
  const urls = [nats.url, provider];
  if (portkey) {
    const peer = opened.use(await startPortkey(report));
    processes.push({ name: 'portkey', pid: peer.pid });
    urls.push(peer.url);
  }
  const load = fileURLToPath(new URL('load/main.ts', import.meta.url));
  await start({ name: 'load', entry: load, args: urls, env: {} });

  const owned = opened.move();
  return {
    drive: async (order) => {
      const timeout = order.seconds * 1_000 + REPLY_WITHIN_MS;
      const message = await kernel.connection.request(LOAD_SUBJECT, JSON.stringify(order), { timeout });
      const reply = message.json<Reply<Driven>>();
      if ('error' in reply) throw new Error(reply.error);
      return reply.result;
    },
    cpu: () => cpuOf(processes),
    answered: () => answeredBy(provider),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function script(provider: string): Promise<void> {
  const response = await fetch(`${provider}/simulator/script`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(SCRIPT),
  });
  if (!response.ok) throw new Error(`The simulator takes no script: ${await response.text()}`);
}

async function answeredBy(provider: string): Promise<number> {
  const response = await fetch(`${provider}/simulator/record?last=0`);
  const { totals } = (await response.json()) as { totals: { calls: number; completed: number }[] };
  const [calls, completed] = [sum(totals.map(({ calls }) => calls)), sum(totals.map((one) => one.completed))];
  if (calls !== completed) throw new Error(`The simulator saw ${calls} calls and answered ${completed}`);
  return completed;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
