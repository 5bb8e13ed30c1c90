// What `troupe memory vacuum` does, apart from the command line: the one part that needs the means of a developer's machine to find Chroma,
// which the image of a service does not hold. It touches no live record.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { chromaDatabase, chromaStoreIn, findChroma, localDir, vacuumChroma } from '@troupe/setup';
import { StartupError } from '@troupe/shared';
import { UsageError } from '../../command.ts';
import { componentEnvironment } from '../../config.ts';
import { holderOf } from '../../holder.ts';
import { answersAt } from '../../port-holder.ts';
import { say } from '../../terminal.ts';

export interface VacuumOptions {
  /** Chroma's folder, or the one that it keeps its data in. */
  readonly folder: string;
  /** Where Chroma would answer if it ran. */
  readonly url: string | undefined;
  readonly signal: AbortSignal;
}

/** Clears the files of Chroma in `folder` of what it deleted. Throws UsageError, StartupError `chroma_running`, and what setup throws. */
export async function vacuumFolder({ folder, url, signal }: VacuumOptions) {
  const store = storeOf(folder);
  await refuseWhileRunning(store, url);
  const env = componentEnvironment();
  const { command, args } = await findChroma({ env, localDir, report: say, signal });
  return { store, ...(await vacuumChroma({ command, args, env, store, signal })) };
}

function storeOf(named: string): string {
  const folder = resolve(named);
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
