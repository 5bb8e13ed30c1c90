// Clears what deleted collections leave in the folder of a Chroma that is stopped: `chroma vacuum` empties the database of what was
// deleted, but leaves the folders of the indexes, which hold vectors and ids; those that no collection has are removed here. What a
// collection that goes on holds in its index is not touched, its deleted records included. It does not know whether Chroma is stopped.
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../components/command.ts';
import { SetupError } from '../setup-error.ts';
import { startGuarded } from './guarded-process.ts';

export type VacuumOptions = {
  /** As found by findChroma. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** As chromaStoreIn answers. */
  readonly store: string;
  readonly signal?: AbortSignal;
};

export type Vacuumed = {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly indexesRemoved: number;
};

const DATABASE = 'chroma.sqlite3';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const chromaDatabase = (store: string): string => join(store, DATABASE);

/** Where a Chroma server keeps its data: in `folder`, or in `store` of it as startChroma has it; undefined where neither is. */
export const chromaStoreIn = (folder: string): string | undefined =>
  [folder, join(folder, 'store')].find((candidate) => existsSync(chromaDatabase(candidate)));

/**
 * Can be repeated, and interrupted at any point. Errors: `command_failed` with Chroma's words; when `signal` aborts, its reason.
 */
export async function vacuumChroma(options: VacuumOptions): Promise<Vacuumed> {
  const { store } = options;
  const bytesBefore = await bytesIn(store);
  await runVacuum(options);
  const unused = await unusedIndexes(store);
  for (const name of unused) await rm(join(store, name), { recursive: true });
  return { bytesBefore, bytesAfter: await bytesIn(store), indexesRemoved: unused.length };
}

async function runVacuum({ command, args, env, store, signal }: VacuumOptions): Promise<void> {
  signal?.throwIfAborted();
  await using vacuum = startGuarded({
    name: 'chroma vacuum',
    command,
    args: [...args, 'vacuum', '--path', store, '--force'],
    env,
  });
  const interrupt = (): void => void vacuum.stop({ signal: 'SIGINT' });
  signal?.addEventListener('abort', interrupt);
  await vacuum.exited;
  signal?.removeEventListener('abort', interrupt);
  signal?.throwIfAborted();
  // Its exit code is 0 also when it failed.
  if (/vacuum complete/i.test(vacuum.tail())) return;
  throw new SetupError(
    'command_failed',
    `\`chroma vacuum\` did not clear ${store}:\n${vacuum.tail().trim()}`,
  );
}

/** Folders of indexes that no segment of any collection names. */
async function unusedIndexes(store: string): Promise<string[]> {
  // Loaded where it is needed: older versions of Node 24 print a warning when it is.
  const { DatabaseSync } = await import('node:sqlite');
  using database = new DatabaseSync(chromaDatabase(store), { readOnly: true });
  const segments = new Set(
    database
      .prepare('SELECT id FROM segments')
      .all()
      .map(({ id }) => String(id)),
  );
  const entries = await readdir(store, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && UUID.test(entry.name) && !segments.has(entry.name))
    .map(({ name }) => name);
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
