// A real Chroma server for tests: it can be killed, started again on the same port and data, frozen and thawed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from '@troupe/shared';
import type { ChromaServer } from '@troupe/setup';
import { findChroma, freePort, localDir, startChroma } from '@troupe/setup';

export interface TestChroma extends AsyncDisposable {
  /** Where the server keeps everything. */
  readonly dataDir: string;
  readonly url: string;
  start(): Promise<void>;
  /** At once, as by a fault. */
  kill(): Promise<void>;
  /** The server keeps its connections and answers nothing. */
  freeze(): void;
  thaw(): void;
}

/** Not started yet. */
export async function testChroma(): Promise<TestChroma> {
  const env = environment();
  const { command, args } = await findChroma({ env, localDir, report: () => undefined });
  const dataDir = await mkdtemp(join(tmpdir(), 'troupe-chroma-'));
  const port = await freePort();
  let server: ChromaServer | undefined;

  const kill = async (): Promise<void> => {
    server?.kill('SIGKILL');
    await server?.exited;
    server = undefined;
  };
  return {
    dataDir,
    url: `http://127.0.0.1:${port}`,
    async start() {
      server = await startChroma({ command, args, env, dataDir, port });
    },
    kill,
    freeze: () => server?.kill('SIGSTOP'),
    thaw: () => server?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
