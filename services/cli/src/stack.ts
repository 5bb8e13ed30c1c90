// The whole stack on this machine: nats-server, Chroma, the four services as processes, and the provider-simulator where there
// is no key. Used by dev, by the demo and by the tests. Everything ends with the process that started it, however that dies.
import { join } from 'node:path';
import type { FindOptions, Found, NatsServer, NodeService } from '@troupe/setup';
import {
  findChroma,
  findChromium,
  findNatsServer,
  localDir,
  root,
  startChroma,
  startNatsServer,
  startNode,
} from '@troupe/setup';
import { createLogger, openKernel, provision } from '@troupe/shared';
import { environmentFor } from './config.ts';

/** In the order in which they start: whoever answers is there before whoever asks. */
export const SERVICES = ['memory', 'llm-gateway', 'tool-executor', 'planner'] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface StackOptions {
  readonly componentEnv: FindOptions['env'];
  /** Holds the state of nats-server; kept. */
  readonly storeDir: string;
  readonly chroma: { readonly url: string } | { readonly dataDir: string };
  readonly natsPort?: number;
  /** Ask the simulator instead of a real provider. */
  readonly simulated: boolean;
  /** Per service, on top of what it is given anyway. */
  readonly env?: Partial<Record<ServiceName | 'provider-simulator', Readonly<Record<string, string>>>>;
  /** Processes per service; 1 where not named. */
  readonly counts?: Partial<Record<ServiceName, number>>;
  /** Whether a service that ends by itself is started again. */
  readonly keepRunning: boolean;
  readonly report: (line: string) => void;
  /** Lines that services write. */
  readonly onLine?: (service: string, line: string) => void;
  readonly signal?: AbortSignal;
}

export interface Stack extends AsyncDisposable {
  readonly nats: NatsServer;
  readonly chromaUrl: string;
  readonly simulatorUrl: string | undefined;
  /** The running processes of a service. */
  processes(service: ServiceName): readonly NodeService[];
  /** Starts one more process of a service. */
  add(service: ServiceName): Promise<NodeService>;
}

/** Resolves when every part is ready. What was started before a failure is stopped again. */
export async function startStack(options: StackOptions): Promise<Stack> {
  await using opened = new AsyncDisposableStack();
  const part = timed(options.report);
  const find: FindOptions = {
    env: options.componentEnv,
    localDir,
    report: options.report,
    signal: options.signal,
  };

  const nats = await part('nats-server', async () => {
    const found = await findNatsServer(find);
    const { storeDir, natsPort } = options;
    const server = opened.use(
      await startNatsServer({
        binary: found.command,
        storeDir,
        ...(natsPort === undefined ? {} : { port: natsPort }),
      }),
    );
    return { value: server, said: `${found.version} ${server.url} (${found.source})` };
  });
  const [, chromaUrl, chromium, simulator] = await Promise.all([
    part('streams', () => provisionOn(nats)),
    part('chroma', () => startOrUseChroma(opened, options, find)),
    part('chromium', () => findChromium(find).then((found) => ({ value: found, said: told(found) }))),
    options.simulated ? part('provider-simulator', () => startSimulator(opened, options)) : undefined,
  ]);

  const running = new Map<ServiceName, Set<NodeService>>(SERVICES.map((service) => [service, new Set()]));
  let stopping = false;
  const givenTo: Record<ServiceName, Record<string, string>> = {
    memory: { CHROMA_URL: chromaUrl },
    'llm-gateway': simulator === undefined ? {} : simulatedProvider(simulator),
    'tool-executor': { CHROMIUM_PATH: chromium.command },
    planner: {},
  };

  async function add(service: ServiceName): Promise<NodeService> {
    const process_ = startNode({
      name: service,
      entry: entryOf(service),
      env: { ...environmentFor(service), NATS_URL: nats.url, ...givenTo[service], ...options.env?.[service] },
      onLine: (line) => options.onLine?.(service, line),
    });
    running.get(service)?.add(process_);
    void process_.exited.then(({ code, signal }) => {
      running.get(service)?.delete(process_);
      if (stopping) return;
      options.report(`✖ ${service} ended by itself (${signal ?? `exit code ${code ?? 0}`})`);
      if (options.keepRunning)
        setTimeout(() => void (stopping || add(service).catch(() => undefined)), 1_000);
    });
    await process_.ready;
    return process_;
  }

  // Drained in the order of the flow, so that what is in hand still finds whom it asks.
  opened.defer(async () => {
    stopping = true;
    for (const service of [...SERVICES].reverse()) {
      await Promise.all([...(running.get(service) ?? [])].map((one) => one.stop({ graceMs: 15_000 })));
    }
  });
  await part('services', async () => {
    const starting = SERVICES.flatMap((service) =>
      Array.from({ length: options.counts?.[service] ?? 1 }, () => service),
    );
    await Promise.all(starting.map(add));
    return { value: undefined, said: SERVICES.join(' · ') };
  });

  const owned = opened.move();
  return {
    nats,
    chromaUrl,
    simulatorUrl: simulator,
    processes: (service) => [...(running.get(service) ?? [])],
    add,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const entryOf = (service: ServiceName | 'provider-simulator'): string =>
  join(root, 'services', service, 'src', 'main.ts');

const told = ({ version, source }: Found): string => `${version} (${source})`;

type Part<T> = () => Promise<{ readonly value: T; readonly said: string }>;

/** Runs a part of the start and reports it with its time. */
const timed =
  (report: (line: string) => void) =>
  async <T>(name: string, part: Part<T>): Promise<T> => {
    const startedAt = performance.now();
    const { value, said } = await part();
    report(`✔ ${name.padEnd(18)} ${said}  ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    return value;
  };

async function provisionOn(nats: NatsServer): Promise<{ value: undefined; said: string }> {
  await using kernel = await openKernel({
    url: nats.url,
    name: 'provision',
    logger: createLogger('provision', 'silent'),
  });
  const { made } = await provision(kernel.connection, nats.monitorUrl);
  return {
    value: undefined,
    said: made.length === 0 ? 'as declared' : `${made.length} streams, consumers and buckets made`,
  };
}

async function startOrUseChroma(
  opened: AsyncDisposableStack,
  options: StackOptions,
  find: FindOptions,
): Promise<{ value: string; said: string }> {
  if ('url' in options.chroma) return { value: options.chroma.url, said: `${options.chroma.url} (variable)` };
  const found = await findChroma(find);
  const { command, args } = found;
  const server = opened.use(
    await startChroma({ command, args, env: options.componentEnv, dataDir: options.chroma.dataDir }),
  );
  return { value: server.url, said: `${server.url} ${told(found)}` };
}

async function startSimulator(
  opened: AsyncDisposableStack,
  options: StackOptions,
): Promise<{ value: string; said: string }> {
  const simulator = opened.use(
    startNode({
      name: 'provider-simulator',
      entry: entryOf('provider-simulator'),
      env: { ...environmentFor('provider-simulator'), ...options.env?.['provider-simulator'] },
      onLine: (line) => options.onLine?.('provider-simulator', line),
    }),
  );
  const { url } = await simulator.ready;
  return {
    value: String(url),
    said: 'stands in for a model: set OPENAI_API_KEY or ANTHROPIC_API_KEY for a real one',
  };
}

/** What is set to nothing cannot come from a `.env` file either: nobody but the simulator is asked. */
const simulatedProvider = (url: string): Record<string, string> => ({
  OPENAI_API_KEY: 'provider-simulator',
  OPENAI_API_KEY_FILE: '',
  OPENAI_API_KEYS: '',
  OPENAI_API_KEYS_FILE: '',
  ANTHROPIC_API_KEY: '',
  ANTHROPIC_API_KEY_FILE: '',
  ANTHROPIC_API_KEYS: '',
  ANTHROPIC_API_KEYS_FILE: '',
  OPENAI_BASE_URL: `${url}/v1`,
  // The simulator's vectors must never stand beside a provider's under the provider's name.
  AGENT_EMBEDDING_MODEL: 'lexical-384',
});
