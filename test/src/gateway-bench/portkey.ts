// Portkey's open-source gateway, installed for the bench alone: under .local/, once, by npm. It is started as its README says, in
// production mode and without its console.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GuardedProcess } from '@troupe/setup';
import { freePort, localDir, startGuarded } from '@troupe/setup';

export const PORTKEY_VERSION = '1.15.2';
/** From 1.14.2 on, which its range allows, every streamed answer is a 500 (Portkey-AI/gateway#1389, #1550). */
const NODE_SERVER_VERSION = '1.13.7';

const INSTALL_WITHIN_MS = 300_000;
const READY_WITHIN_MS = 30_000;
const READY = 'Ready for connections';

export interface Portkey extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
}

/** Resolves when it listens. Rejects if npm cannot install it, or it does not start. */
export async function startPortkey(report: (line: string) => void): Promise<Portkey> {
  const entry = join(await installed(report), 'node_modules/@portkey-ai/gateway/build/start-server.js');
  const port = await freePort();
  const { promise: ready, resolve } = Promise.withResolvers<undefined>();
  const service = startGuarded({
    name: 'portkey',
    command: process.execPath,
    args: [entry, `--port=${port}`, '--headless'],
    env: { NODE_ENV: 'production', PATH: process.env['PATH'], HOME: process.env['HOME'] },
    onLine: (line) => {
      if (line.includes(READY)) resolve(undefined);
    },
  });
  await Promise.race([ready, notReady(service)]).catch(async (error: unknown) => {
    await service.stop();
    throw error;
  });
  return {
    pid: service.pid,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

async function notReady(service: GuardedProcess): Promise<never> {
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, READY_WITHIN_MS, 'late').unref());
  const why =
    (await Promise.race([service.exited, late])) === 'late' ? 'is not ready in time' : 'ended early';
  throw new Error(`Portkey ${why}. Its last lines:\n${service.tail()}`);
}

/** The folder of the installation; made beside its final place, so that a half-finished one is never used. */
async function installed(report: (line: string) => void): Promise<string> {
  const folder = join(localDir, `portkey-${PORTKEY_VERSION}`);
  if (existsSync(folder)) return folder;
  report(`installing @portkey-ai/gateway ${PORTKEY_VERSION} into ${folder} …`);
  await mkdir(localDir, { recursive: true });
  const unfinished = await mkdtemp(`${folder}-`);
  try {
    const manifest = {
      private: true,
      dependencies: { '@portkey-ai/gateway': PORTKEY_VERSION },
      overrides: { '@hono/node-server': NODE_SERVER_VERSION },
    };
    await writeFile(join(unfinished, 'package.json'), JSON.stringify(manifest));
    const args = ['install', '--prefix', unfinished, ...QUIET];
    await promisify(execFile)('npm', args, { cwd: unfinished, timeout: INSTALL_WITHIN_MS });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

const QUIET = ['--omit=dev', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'];
