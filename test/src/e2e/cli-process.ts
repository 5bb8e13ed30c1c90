// The commands as a person starts them: as processes, judged by what they print where and how they end.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '@troupe/setup';

export interface CliProcess {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when stderr matches, rejects if the process ends before. */
  readonly said: (pattern: RegExp) => Promise<void>;
  readonly ended: Promise<number | null>;
}

/** Starts `entry` of services/cli/src with `env` on top of the environment. */
export function startCli(
  entry: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): CliProcess {
  const child = spawn(process.execPath, [join(root, 'services/cli/src', entry), ...args], {
    env: { ...process.env, FORCE_COLOR: undefined, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    async said(pattern) {
      while (!pattern.test(stderr)) {
        const more = once(child.stderr, 'data').then(() => 'more');
        if ((await Promise.race([more, ended.then(() => 'ended')])) === 'ended')
          throw new Error(`it ended before ${pattern.source}:\n${stderr}`);
      }
    },
  };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `troupe` with these words on this server, to its end. */
export async function troupe(
  natsUrl: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const cli = startCli('main.ts', words, { APP_ENV: 'test', NATS_URL: natsUrl, ...env });
  const code = await cli.ended;
  return { code, stdout: cli.stdout(), stderr: cli.stderr() };
}
