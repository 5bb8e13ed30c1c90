// Which process of this machine has something open, as far as the system tells (Linux) and this user may see.
import { readdir, readFile } from 'node:fs/promises';

/** The command line and pid of the first process with a descriptor that `isIt`, given its path below /proc; undefined where there is none. */
export async function holderOf(isIt: (descriptor: string) => Promise<boolean>): Promise<string | undefined> {
  const names = await readdir('/proc').catch(() => []);
  for (const pid of names.filter((name) => /^\d+$/.test(name))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      if (!(await isIt(`/proc/${pid}/fd/${descriptor}`))) continue;
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
        .replaceAll('\0', ' ')
        .trim();
      return `${command.slice(0, 100)} (pid ${pid})`;
    }
  }
  return undefined;
}
