// Runs a short-lived command to its end, and finds commands by name. Used to probe versions and to unpack. Programs
// that stay (servers, services) are started by ../processes.
import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `code` is undefined when the command could not be started, was ended by a signal, or took too long. */
export type Outcome = { readonly code: number | undefined; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly env?: Environment;
  readonly cwd?: string;
  /** Default 60 s: what takes a moment takes many on a busy machine. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
};

/** Runs `command` without input and collects its output. Rejects only when `signal` aborts. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { env, cwd, timeoutMs = 60_000, signal } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      {
        env: env ?? process.env,
        cwd,
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
        signal,
      },
      (error, stdout, stderr) => {
        if (signal?.aborted === true) reject(signal.reason as Error);
        else if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
        else if (error.killed === true)
          resolve({
            code: undefined,
            stdout,
            stderr: `${command} did not end within ${timeoutMs / 1_000} s`,
          });
        else resolve({ code: undefined, stdout, stderr: stderr === '' ? error.message : stderr });
      },
    );
    child.stdin?.end();
  });
}

/**
 * Every executable file called `name` on PATH, in order. The packages' own `node_modules/.bin` is left out: what it
 * holds comes from the lockfile, not from the person whose machine this is.
 */
export async function onPath(name: string, env: Environment): Promise<string[]> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const files = folders
    .filter((folder) => !/node_modules\/\.bin\/?$/.test(folder))
    .map((folder) => join(folder, name));
  const usable = await Promise.all(files.map(isExecutable));
  return [...new Set(files.filter((_, index) => usable[index]))];
}

export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
