// What is measured, each a process of its own: nats-server, Chroma, llm-gateway with the embedding that needs no provider, and memory, all
// with the settings that they are shipped with. The bench itself is the caller.
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { UserId } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import type { ChromaServer, NodeService } from '@troupe/setup';
import { findChroma, freePort, localDir, root, startChroma } from '@troupe/setup';
import type { Kernel } from '@troupe/shared';
import { callRpc } from '@troupe/shared';
import type { Cpu } from '../bench/cpu.ts';
import { cpuOf } from '../bench/cpu.ts';
import { scratchFolder } from '../bench/scratch.ts';
import { profiling, startServer, startService } from '../bench/system.ts';
import { report } from '../support/command.ts';
import type { ChromaTime } from './chroma-time.ts';
import { CHROMA_TIME_SUBJECT } from './chroma-time.ts';
import type { Resources } from './resources.ts';
import { resourcesOf } from './resources.ts';

export interface System extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly chromaUrl: string;
  /** In hex. */
  readonly masterKey: string;
  /** Throws unless something is found. */
  search(user: UserId, query: string): Promise<void>;
  chromaTime(): Promise<ChromaTime>;
  /** Of all processes so far; undefined where the system does not tell. */
  cpu(): Promise<Cpu | undefined>;
  /** What Chroma and memory hold now; undefined where the system does not tell. */
  resources(): Promise<Readonly<Record<'chroma' | 'memory', Resources>> | undefined>;
  /** Chroma and memory begin anew, with all that is on disk. */
  restart(): Promise<void>;
}

export interface SystemOptions {
  /** Memory writes its CPU profiles here. */
  readonly profileDir: string | undefined;
}

interface Running extends AsyncDisposable {
  readonly chroma: ChromaServer;
  readonly memory: NodeService;
}

const MEMORY = fileURLToPath(new URL('timed-memory.ts', import.meta.url));
const SEARCH_WITHIN_MS = 20_000;
const SNIPPETS = 4;

/** Resolves when everything is ready. */
export async function startSystem({ profileDir }: SystemOptions): Promise<System> {
  await using opened = new AsyncDisposableStack();
  const { nats, kernel } = opened.use(await startServer());
  const gateway = opened.use(
    await startService({
      name: 'llm-gateway',
      entry: join(root, 'services/llm-gateway/src/main.ts'),
      // Without a key it does not start; nobody is asked with this one.
      env: { NATS_URL: nats.url, OPENAI_API_KEY: 'none', AGENT_EMBEDDING_MODEL: 'lexical-384' },
    }),
  );
  const { command, args } = await findChroma({ env: process.env, localDir, report });
  const dataDir = scratchFolder();
  opened.defer(() => rm(dataDir, { recursive: true, force: true }));
  const port = await freePort();
  const chromaUrl = `http://127.0.0.1:${port}`;
  const masterKey = randomBytes(32).toString('hex');

  const start = async (): Promise<Running> => {
    await using begun = new AsyncDisposableStack();
    const chroma = begun.use(await startChroma({ command, args, env: process.env, dataDir, port }));
    const settings = { NATS_URL: nats.url, CHROMA_URL: chromaUrl, AGENT_MEMORY_KEY: masterKey };
    const env = { ...settings, ...profiling(profileDir) };
    const memory = begun.use(await startService({ name: 'memory', entry: MEMORY, env }));
    const both = begun.move();
    return { chroma, memory, [Symbol.asyncDispose]: () => both.disposeAsync() };
  };
  let running = await start();
  opened.defer(() => running[Symbol.asyncDispose]());
  // Part of each query, so that no two are equal: what memory still has of the last ones is no part of what a search costs.
  let searches = 0;

  const owned = opened.move();
  return {
    kernel,
    chromaUrl,
    masterKey,
    async search(user, query) {
      searches += 1;
      const request = { query: `${query} (${searches})`, k: SNIPPETS };
      const call = { user, request, timeoutMs: SEARCH_WITHIN_MS };
      const { snippets } = await callRpc(kernel.connection, rpc.searchMemory, call);
      if (snippets.length === 0) throw new Error(`Nothing was found for ${user}: ${query}`);
    },
    chromaTime: async () =>
      (await kernel.connection.request(CHROMA_TIME_SUBJECT, '', { timeout: SEARCH_WITHIN_MS })).json(),
    cpu: () =>
      cpuOf([
        { name: 'chroma', pid: running.chroma.pid },
        running.memory,
        gateway,
        { name: 'nats-server', pid: nats.pid() },
      ]),
    resources: () => resourcesOf({ chroma: running.chroma.pid, memory: running.memory.pid }),
    async restart() {
      await running[Symbol.asyncDispose]();
      running = await start();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
