// Puts an unpacked folder in place in one step: it is filled beside its final place and renamed, so that nobody ever
// sees half of it. Of two processes that do this at once, one wins and both use its folder.
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const ABANDONED_AFTER_MS = 60 * 60_000;

/** `fill` gets an empty folder. If it fails, nothing is left behind; if `target` appeared meanwhile, that one stays. */
export async function publishDirectory(
  target: string,
  fill: (draft: string) => Promise<void>,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await removeAbandonedDrafts(target);
  const draft = await mkdtemp(draftPrefix(target));
  try {
    await fill(draft);
    await chmod(draft, 0o755); // a temporary folder is private, a published one is for whoever runs the system
    await rename(draft, target).catch((error: unknown) => {
      if (!isTaken(error)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Takes a folder out of use in one step, then deletes it. */
export async function discardDirectory(target: string): Promise<void> {
  const aside = await mkdtemp(draftPrefix(target));
  await rename(target, join(aside, 'discarded')).catch(() => undefined); // gone already: somebody else discarded it
  await rm(aside, { recursive: true, force: true });
}

/** What a killed process left half done, often hundreds of megabytes. */
async function removeAbandonedDrafts(target: string): Promise<void> {
  const prefix = basename(draftPrefix(target));
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const path = join(dirname(target), name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

const draftPrefix = (target: string): string => `${target}.draft-`;

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST');
