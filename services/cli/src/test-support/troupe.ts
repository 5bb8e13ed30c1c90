// `troupe` as a process on a nats-server of the test's own, and the kernel of whoever stands in for a service there.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNatsServer, localDir, startNatsServer } from '@troupe/setup';
import type { Kernel } from '@troupe/shared';
import { createLogger, environment, openKernel, provision } from '@troupe/shared';

const ENTRY = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Stage extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly url: string;
  /** `troupe` with these words, to its end. */
  troupe(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** The same, followed from outside. */
  start(words: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> };
}

/** Provisioned; `name` is the service's whose queries the kernel answers. */
export async function openStage(name: string): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const { command: binary } = await findNatsServer({ env: environment(), localDir, report: () => undefined });
  const storeDir = await mkdtemp(join(tmpdir(), 'troupe-cli-'));
  opened.defer(() => rm(storeDir, { recursive: true, force: true, maxRetries: 5 }));
  const nats = opened.use(await startNatsServer({ binary, storeDir }));
  const kernel = opened.use(await openKernel({ url: nats.url, name, logger: createLogger(name, 'silent') }));
  await provision(kernel.connection, nats.monitorUrl);
  const start = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    startTroupe(words, { NATS_URL: nats.url, ...env });
  const owned = opened.move();
  return {
    kernel,
    url: nats.url,
    start,
    troupe: (words, env) => start(words, env).ended,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** `troupe` without a terminal, with `env` on top of the environment. */
export function startTroupe(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [ENTRY, ...words], {
    env: { ...environment(), FORCE_COLOR: undefined, APP_ENV: 'test', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, ended };
}
