// What an erasure works on, for real, and without the services that would fill it: nats-server, Chroma, the store and the keys. The test
// writes what it wants to have erased.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErasureJob, ForgetScope, UserId } from '@troupe/contracts';
import { UserId as User } from '@troupe/contracts';
import { findNatsServer, localDir, startNatsServer } from '@troupe/setup';
import type { Kernel } from '@troupe/shared';
import {
  CLOCK_STREAM,
  createLogger,
  DOOR_STREAM,
  environment,
  LOG_STREAM,
  MEMORY_KEYS_BUCKET,
  openEntries,
  openKernel,
  provision,
} from '@troupe/shared';
import { createChromaServer } from '../chroma-server.ts';
import { createChromaStore } from '../chroma-store.ts';
import { createErase } from '../erasure/erase.ts';
import type { ForgottenRecords } from '../erasure/forgotten.ts';
import { openForgottenRecords } from '../erasure/forgotten.ts';
import type { Bounds, JobMeans, JobRequest } from '../jobs/jobs.ts';
import type { Keyring } from '../sealing/keyring.ts';
import { createKeyring } from '../sealing/keyring.ts';
import type { MemoryStore } from '../store.ts';
import { openUserEvents } from '../user-events.ts';
import { testChroma } from './chroma.ts';
import { randomKey } from './keys.ts';

export interface ErasureStage extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly store: MemoryStore;
  readonly keyring: Keyring;
  readonly forgotten: ForgottenRecords;
  /** What an erasure asked for on its way. */
  readonly asked: readonly JobRequest[];
  /** Where the streams end now. */
  bounds(): Promise<Bounds>;
  /** One attempt at an erasure; without `means` one that nothing disturbs. Resolves with how far the job is. */
  erase(user: string, scope: ForgetScope, means?: Partial<JobMeans<ErasureJob>>): Promise<ErasureJob>;
  /** The names of the files of nats-server and Chroma that have this text. */
  filesWith(text: string): Promise<string[]>;
}

export async function openErasureStage(): Promise<ErasureStage> {
  await using opened = new AsyncDisposableStack();
  const find = { env: environment(), localDir, report: () => undefined };
  const { command: binary } = await findNatsServer(find);
  const storeDir = await mkdtemp(join(tmpdir(), 'troupe-erasure-'));
  opened.defer(() => rm(storeDir, { recursive: true, force: true }));
  const nats = opened.use(await startNatsServer({ binary, storeDir }));
  const chroma = opened.use(await testChroma());
  await chroma.start();
  const logger = createLogger('test', 'silent');
  const kernel = opened.use(await openKernel({ url: nats.url, name: 'test', logger }));
  await provision(kernel.connection, nats.monitorUrl);
  const entries = openEntries(kernel.connection, kernel.publisher, MEMORY_KEYS_BUCKET);
  const keyring = createKeyring(entries, { current: randomKey(), previous: undefined });
  const server = createChromaServer({ url: chroma.url, timeoutMs: 5_000 });
  const forgotten = openForgottenRecords(kernel);
  const store = createChromaStore({
    ...{ server, keyring, forgotten: forgotten.of },
    events: openUserEvents(kernel),
  });
  // Nobody reads the log here, so that nothing of it is ever settled.
  const times = { endMs: 500, settleMs: 50, inHandMs: 10 };
  const perform = createErase({ kernel, store, keyring, forgotten, times });
  const asked: JobRequest[] = [];
  const bounds = (): Promise<Bounds> => endsOf(kernel);
  const owned = opened.move();
  return {
    ...{ kernel, store, keyring, forgotten, asked, bounds },
    async erase(name, scope, means = {}) {
      const user: UserId = User.parse(name);
      let job = newErasure(scope);
      await perform(user, job, {
        bounds: await bounds(),
        signal: new AbortController().signal,
        ask: (request) => Promise.resolve(asked.push(request)),
        ...means,
        progress: async (next) => {
          await means.progress?.(next);
          job = next;
        },
      });
      return job;
    },
    async filesWith(text) {
      const folders = [storeDir, chroma.dataDir];
      return (await Promise.all(folders.map((folder) => filesIn(folder, text)))).flat();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export const newErasure = (scope: ForgetScope): ErasureJob => ({
  ...{ kind: 'erase', id: 'erasure', state: 'running', scope },
  ...{ asked_at: new Date().toISOString(), workflows: { erased: 0, total: 0 }, messages_erased: 0 },
});

async function endsOf({ connection }: Kernel): Promise<Bounds> {
  const { streams } = await connection.jetstreamManager();
  const ends = [LOG_STREAM, DOOR_STREAM, CLOCK_STREAM].map(
    async (stream) => [stream, (await streams.info(stream)).state.last_seq] as const,
  );
  return Object.fromEntries(await Promise.all(ends));
}

async function filesIn(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && (await readFile(path)).includes(text)) found.push(path);
  }
  return found;
}
