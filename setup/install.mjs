// Makes node_modules hold what package-lock.json says, by `npm ci` and only when they differ. npm's own record of what
// it installed (node_modules/.package-lock.json) is compared with the lockfile, so there is no stamp that could lie.
// Two commands started at once take turns. Output goes to stderr. It never changes the lockfile.
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runGuarded } from './run-guarded.mjs';

const LONGEST_INSTALL_MS = 15 * 60_000;

/** Resolves once node_modules matches the lockfile. Rejects with what to do when npm fails. */
export async function install(root, report) {
  if (await matchesLockfile(root)) return;
  await mkdir(join(root, '.local'), { recursive: true });
  await oneAtATime(join(root, '.local', 'install.lock'), report, async () => {
    if (await matchesLockfile(root)) return;
    report('setting up: installing the packages of package-lock.json …');
    const started = Date.now();
    const args = ['ci', '--include=dev', '--include=optional', '--loglevel=error'];
    const code = await runGuarded('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
    if (code !== 0)
      throw new Error(
        `\`npm ci\` ended with code ${code}; its own message is above. Run it by hand after the fix.`,
      );
    report(`setting up: packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
  });
}

async function matchesLockfile(root) {
  const [wanted, installed] = await Promise.all([
    packagesOf(join(root, 'package-lock.json')),
    packagesOf(join(root, 'node_modules', '.package-lock.json')),
  ]);
  if (wanted === undefined || installed === undefined) return false;
  const same = (a, b) => a?.version === b?.version && a?.integrity === b?.integrity && a?.link === b?.link;
  return (
    Object.entries(wanted).every(
      ([path, entry]) => path === '' || (entry.optional && !installed[path]) || same(entry, installed[path]),
    ) && Object.keys(installed).every((path) => path in wanted)
  );
}

async function packagesOf(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages;
  } catch {
    return undefined; // absent, or cut short by a crash: either way npm must write it anew
  }
}

/** A lock file that names its holder: a holder that is gone does not block anybody. */
async function oneAtATime(lock, report, work) {
  const mine = `${lock}.${process.pid}`;
  await writeFile(mine, String(process.pid));
  const until = Date.now() + LONGEST_INSTALL_MS;
  try {
    for (let waiting = false; !(await taken(mine, lock)); waiting = true) {
      const holder = Number(await readFile(lock, 'utf8').catch(() => 0));
      if (holder !== 0 && !isAlive(holder)) await rm(lock, { force: true });
      if (Date.now() > until)
        throw new Error(
          `Process ${holder} has been installing for 15 minutes. End it and run the command again.`,
        );
      if (!waiting)
        report(`setting up: waiting for another command (process ${holder}) that installs the packages …`);
      await sleep(250);
    }
    try {
      await work();
    } finally {
      await rm(lock, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** Linking is atomic and brings the content along, so the lock never exists without its holder's id. */
async function taken(mine, lock) {
  try {
    await link(mine, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
