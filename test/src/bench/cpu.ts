// CPU time of processes, all their threads, from /proc; in ticks of 10 ms, so measure over seconds. Only Linux tells.
import { readFile } from 'node:fs/promises';

/** USER_HZ, the same on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** User and system time since the process began, in ms. Throws where there is no /proc. */
export async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  // The name, in parentheses, may hold spaces; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** CPU in ms, by name of the process. */
export type Cpu = ReadonlyMap<string, number>;

/** Sums processes of one name; undefined where the system does not tell. */
export async function cpuOf(
  processes: readonly { readonly name: string; readonly pid: number }[],
): Promise<Cpu | undefined> {
  if (process.platform !== 'linux') return undefined;
  const sum = new Map<string, number>();
  for (const { name, pid } of processes) sum.set(name, (sum.get(name) ?? 0) + (await cpuMsOf(pid)));
  return sum;
}
