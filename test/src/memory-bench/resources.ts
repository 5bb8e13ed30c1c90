// What a process holds of the machine, from /proc. Only Linux tells.
import { readdir, readFile } from 'node:fs/promises';

export interface Resources {
  /** Resident. */
  readonly megabytes: number;
  /** Open ones. */
  readonly descriptors: number;
}

/** By name; undefined where the system does not tell. */
export async function resourcesOf<Name extends string>(
  pids: Readonly<Record<Name, number>>,
): Promise<Readonly<Record<Name, Resources>> | undefined> {
  if (process.platform !== 'linux') return undefined;
  const named = Object.entries<number>(pids).map(async ([name, pid]) => [name, await heldBy(pid)] as const);
  return Object.fromEntries(await Promise.all(named)) as Record<Name, Resources>;
}

async function heldBy(pid: number): Promise<Resources> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  return { megabytes: kilobytes / 1_024, descriptors: (await readdir(`/proc/${pid}/fd`)).length };
}
