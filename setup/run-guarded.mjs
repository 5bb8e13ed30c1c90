// Runs one program in the terminal's own process group and answers with its exit code. The program gets the signals
// that this process gets, and does not outlive it (guard.sh), nor the `npm run` that started it. It starts nothing else
// and changes no output.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const guard = fileURLToPath(new URL('guard.sh', import.meta.url));
const PARENT_CHECK_MS = 500;
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Exit code of `command`, 128 + n when a signal ended it. Rejects if it cannot be started. */
export function runGuarded(command, args, { stdio, ...options }) {
  const child = spawn('sh', [guard, 'process', command, ...args], { ...options, stdio: [...stdio, 'pipe'] });
  const guardPipe = child.stdio[3];
  guardPipe.on('error', () => {}); // the watcher may be gone first

  // Ctrl-C reaches the whole terminal group: a second copy would look like an impatient user. Listening is still
  // needed, so that this process outlives its child and reports its exit code.
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of forwarded) process.on(signal, forward);

  // A signal to `npm run` ends npm and its shell and goes no further: the only sign here is another parent.
  const parent = process.ppid;
  const orphaned = () => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  };
  const watch =
    process.env.npm_lifecycle_event === undefined ? undefined : setInterval(orphaned, PARENT_CHECK_MS);

  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      for (const name of forwarded) process.off(name, forward);
      guardPipe.end('\n');
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
