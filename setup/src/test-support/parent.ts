// For the guarantee that nothing outlives its parent: a process that can be killed, and waiting for another's end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

export type Parent = { readonly firstLine: string; readonly kill: (signal: NodeJS.Signals) => void };

/** Runs `module` (source text) in a process of its own until it has written a line. Killed after the test. */
export async function startParent(t: TestContext, module: string): Promise<Parent> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', module], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(() => assert.fail('it ended before it wrote a line'));
  const written = once(createInterface({ input: child.stdout }), 'line');
  ended.catch(() => undefined); // after the race its end is what the test wants
  const [firstLine] = (await Promise.race([written, ended])) as [string];
  return { firstLine, kill: (signal) => void child.kill(signal) };
}

/** Resolves when no process has this id, or only a dead one that nobody reaped yet. Fails after 10 s. */
export async function untilGone(pid: number): Promise<void> {
  const until = Date.now() + 10_000;
  while (isRunning(pid)) {
    assert.ok(Date.now() < until, `process ${pid} is still running`);
    await sleep(20);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
