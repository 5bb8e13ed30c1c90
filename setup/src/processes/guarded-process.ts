// Starts a program that stays, in a process group of its own: Ctrl-C at the terminal does not reach it, so whoever
// started it decides the order of the end; and guard.sh kills the group if this process dies first, even by SIGKILL.
// Every server and service of setup is started here. It does not know when a program is ready.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../components/command.ts';
import { SetupError } from '../setup-error.ts';

const GUARD = fileURLToPath(new URL('../../guard.sh', import.meta.url));
const TAIL_LINES = 40;

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Launch = {
  /** For messages only. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the program: nothing is added. */
  readonly env: Environment;
  readonly cwd?: string | undefined;
  readonly onLine?: ((line: string, from: 'stdout' | 'stderr') => void) | undefined;
};

export type GuardedProcess = AsyncDisposable & {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the program and its group are gone and its output was read. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Its last lines of output. */
  readonly tail: () => string;
  /** Signals the program alone, as a fault would. No effect once it has ended. */
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Asks by `signal` (SIGTERM), then after `graceMs` (10 s) kills the group. Resolves when it is gone. */
  readonly stop: (options?: { readonly signal?: NodeJS.Signals; readonly graceMs?: number }) => Promise<Exit>;
};

/** Starts at once; a command that does not exist shows as an exit with code 127. */
export function startGuarded({ name, command, args, env, cwd, onLine }: Launch): GuardedProcess {
  const child = spawn('/bin/sh', [GUARD, 'group', command, ...args], {
    env,
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined)
    throw new SetupError('process_ended', `${name} cannot be started: /bin/sh does not run here`);
  child.on('error', () => undefined); // a signal that could not be delivered; `exited` tells the rest
  child.stdio[3]?.on('error', () => undefined); // the watcher's end closes when the group is killed

  const lines: string[] = [];
  const read = (stream: Readable | null, from: 'stdout' | 'stderr'): void => {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > TAIL_LINES) lines.shift();
      onLine?.(line, from);
    });
  };
  read(child.stdout, 'stdout');
  read(child.stderr, 'stderr');

  const exited = whenGone(child, pid);
  const stop: GuardedProcess['stop'] = async ({ signal = 'SIGTERM', graceMs = 10_000 } = {}) => {
    child.kill(signal);
    const patience = new AbortController();
    const impatient = sleep(graceMs, undefined, { signal: patience.signal }).then(
      () => killGroup(pid),
      () => undefined,
    );
    const exit = await exited;
    patience.abort();
    await impatient;
    return exit;
  };
  return {
    name,
    pid,
    exited,
    tail: () => lines.join('\n'),
    kill: (signal) => void child.kill(signal),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** Waits for the end, then kills what is left of the group: the watcher, and children that the program forgot. */
function whenGone(child: ChildProcess, pid: number): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      killGroup(pid);
      // A grandchild in another group may hold the output open for ever; the last lines are not worth waiting for that.
      const enough = setTimeout(() => resolve({ code, signal }), 1_000);
      child.once('close', () => {
        clearTimeout(enough);
        resolve({ code, signal });
      });
    });
  });
}

/** The watcher belongs to the group until this kills it, so the id cannot have become another group's. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // no such group: everything is gone already
  }
}
