// Runs one Chroma server on 127.0.0.1. It has no authentication, so it is never bound to another address. It creates no
// collections.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../components/command.ts';
import { choosePort } from './free-port.ts';
import { type Exit, startGuarded } from './guarded-process.ts';
import { untilHealthy } from './until-healthy.ts';

const HEALTHY_WITHIN_MS = 60_000;

// One collection per user means many indexes, and each open one takes about 2.65 MB and 4 descriptors. But Chroma 1.4.4 loses
// answers when it closes one: see docs/decisions/0007-open-indexes-of-chroma.md.
const OPEN_INDEXES = 1_000;

export type ChromaOptions = {
  /** As found by findChroma. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly signal?: AbortSignal;
};

export type ChromaServer = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly tail: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
};

/** Resolves when the heartbeat answers. Errors: `process_ended` and `not_ready`, each with the server's last lines. */
export async function startChroma(options: ChromaOptions): Promise<ChromaServer> {
  const { command, args, env, dataDir, signal } = options;
  const port = await choosePort(options.port);
  const url = `http://127.0.0.1:${port}`;
  const config = join(dataDir, 'chroma.yaml');
  await mkdir(dataDir, { recursive: true });
  await writeFile(config, configuration(port, join(dataDir, 'store')));
  const server = startGuarded({ name: 'chroma', command, args: [...args, 'run', config], env });
  // Chroma ignores SIGTERM.
  const stop = async (): Promise<void> => {
    await server.stop({ signal: 'SIGINT' });
  };
  try {
    await untilHealthy(server, `${url}/api/v2/heartbeat`, { withinMs: HEALTHY_WITHIN_MS, signal });
  } catch (error) {
    await server.stop({ signal: 'SIGKILL' });
    throw error;
  }
  const { pid, exited, tail, kill } = server;
  return { url, pid, exited, tail, kill, stop, [Symbol.asyncDispose]: stop };
}

const configuration = (port: number, folder: string): string => `\
listen_address: "127.0.0.1"
port: ${port}
persist_path: ${JSON.stringify(folder)}
allow_reset: false
segment_manager:
  persist_path: ${JSON.stringify(folder)}
  hnsw_index_pool_cache_config: !memory
    capacity: ${OPEN_INDEXES}
`;
