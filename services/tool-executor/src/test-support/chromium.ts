// The browser of the tests: the real one, found as `npm test` finds it.
import { readFileSync, readdirSync } from 'node:fs';
import { environment } from '@troupe/shared';
import { findChromium, localDir } from '@troupe/setup';

/** The executable's path. */
export async function testChromium(): Promise<string> {
  const { command } = await findChromium({ env: environment(), localDir, report: () => undefined });
  return command;
}

/** The process ids of all browsers that this process started and that still run. */
export function browserPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [, state, parent] =
          /^\d+ \(.*\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        return (
          Number(parent) === process.pid &&
          state !== 'Z' &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--remote-debugging-pipe')
        );
      } catch {
        return false; // it ended while it was looked at
      }
    })
    .map(Number);
}
