// `troupe memory vacuum`: clears Chroma's files of what it deleted, while it is stopped. It needs no NATS, and touches no live record.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { chromaDatabase, chromaStoreIn, findChroma, localDir, vacuumChroma } from '@troupe/setup';
import { StartupError } from '@troupe/shared';
import type { Command, Given } from '../../command.ts';
import { UsageError } from '../../command.ts';
import { componentEnvironment, readStackConfig } from '../../config.ts';
import { EXIT } from '../../exit-codes.ts';
import { holderOf } from '../../holder.ts';
import { answersAt } from '../../port-holder.ts';
import { print, printJson, say } from '../../terminal.ts';

export const vacuum: Command = {
  name: 'memory vacuum',
  says: "clears Chroma's files of what was forgotten; Chroma must be stopped",
  flags: {
    path: { value: 'folder', says: "Chroma's folder (default: CHROMA_PERSIST_DIR)" },
    json: { says: 'print one line of JSON' },
  },
  async run(given, signal) {
    const { CHROMA_URL, CHROMA_PERSIST_DIR } = readStackConfig();
    const store = storeOf(given, CHROMA_PERSIST_DIR);
    await refuseWhileRunning(store, CHROMA_URL);
    const env = componentEnvironment();
    const { command, args } = await findChroma({ env, localDir, report: say, signal });
    const { bytesBefore, bytesAfter, indexesRemoved } = await vacuumChroma({
      command,
      args,
      env,
      store,
      signal,
    });
    if (given.isOn('json')) {
      printJson({
        folder: store,
        bytes_before: bytesBefore,
        bytes_after: bytesAfter,
        indexes_removed: indexesRemoved,
      });
    } else {
      const indexes = `${indexesRemoved} ${indexesRemoved === 1 ? 'index' : 'indexes'} of deleted collections removed`;
      print(`✔ ${store}: ${size(bytesBefore)} before, ${size(bytesAfter)} after; ${indexes}`);
    }
    return EXIT.ok;
  },
};

function storeOf(given: Given, byDefault: string): string {
  const folder = resolve(given.text('path') ?? byDefault);
  const store = chromaStoreIn(folder);
  if (store !== undefined) return store;
  throw new UsageError(
    `${folder} holds no data of Chroma.`,
    'Name the folder of `chroma.sqlite3` with --path.',
  );
}

/** Throws StartupError `chroma_running`: a server that runs would lose what it holds in memory, or write back what was cleared. */
async function refuseWhileRunning(store: string, url: string | undefined): Promise<void> {
  if (url !== undefined && (await answersAt(new URL(url)))) throw running(`A Chroma answers at CHROMA_URL`);
  const database = await stat(chromaDatabase(store));
  const holder = await holderOf(async (descriptor) => {
    const open = await stat(descriptor).catch(() => undefined);
    return open?.ino === database.ino && open.dev === database.dev;
  });
  if (holder !== undefined) throw running(`${store} is in use by ${holder}`);
}

const running = (what: string): StartupError =>
  new StartupError({
    code: 'chroma_running',
    message: `${what}.`,
    hint: 'Stop Chroma (`npm run dev`: Ctrl-C), vacuum, and start it again; memory waits for it and loses nothing.',
  });

const size = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
