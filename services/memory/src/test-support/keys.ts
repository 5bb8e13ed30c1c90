// The bucket of data keys on a real nats-server, and keyrings over it as memory processes have them.
import { randomBytes, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entries, Kernel } from '@troupe/shared';
import {
  createLogger,
  environment,
  MEMORY_KEYS_BUCKET,
  openEntries,
  openKernel,
  provision,
} from '@troupe/shared';
import { findNatsServer, localDir, startNatsServer } from '@troupe/setup';
import type { Keyring } from '../sealing/keyring.ts';
import { createKeyring } from '../sealing/keyring.ts';

export interface TestKeys extends AsyncDisposable {
  readonly entries: Entries;
  /** One process's. */
  keyring(current?: KeyObject, previous?: KeyObject): Keyring;
  /** Whether a file of the server has this text. */
  diskHolds(text: string): Promise<boolean>;
}

export const randomKey = (): KeyObject => createSecretKey(randomBytes(32));

export async function startKeys(): Promise<TestKeys> {
  await using opened = new AsyncDisposableStack();
  const find = { env: environment(), localDir, report: () => undefined };
  const { command: binary } = await findNatsServer(find);
  const storeDir = await mkdtemp(join(tmpdir(), 'troupe-keys-'));
  opened.defer(() => rm(storeDir, { recursive: true, force: true }));
  const nats = opened.use(await startNatsServer({ binary, storeDir }));
  const logger = createLogger('test', 'silent');
  const kernel: Kernel = opened.use(await openKernel({ url: nats.url, name: 'test', logger }));
  await provision(kernel.connection, nats.monitorUrl);
  const entries = openEntries(kernel.connection, kernel.publisher, MEMORY_KEYS_BUCKET);
  const usual = randomKey();
  const owned = opened.move();
  return {
    entries,
    keyring: (current = usual, previous) => createKeyring(entries, { current, previous }),
    async diskHolds(text) {
      const files = await readdir(storeDir, { recursive: true, withFileTypes: true });
      for (const file of files) {
        if (file.isFile() && (await readFile(join(file.parentPath, file.name))).includes(text)) return true;
      }
      return false;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
