import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { readConfig } from './config.ts';

const MAIN = new URL('./main.ts', import.meta.url).pathname;

function start(environment: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [MAIN], { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
}

async function readyUrl(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout !== null);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const ready = JSON.parse(line) as { msg: string; name: string; url: string };
  assert.deepEqual([ready.msg, ready.name], ['ready', 'provider-simulator']);
  return ready.url;
}

test('the process says where it listens, on the loopback interface, and ends well on SIGTERM', async () => {
  const child = start({});
  const url = await readyUrl(child);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await fetch(`${url}/simulator/record`)).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a wrong variable is named, with what to do, and the process ends with 1', async () => {
  const child = start({ SIMULATOR_PORT: '99999999' });
  assert.ok(child.stderr !== null);
  const [[line], [code]] = (await Promise.all([
    once(createInterface(child.stderr), 'line'),
    once(child, 'exit'),
  ])) as [[string], [number]];
  assert.equal(code, 1);
  assert.match(line, /SIMULATOR_PORT/);
});

test('without variables a free port is taken and nothing is delayed', () => {
  assert.deepEqual(readConfig({}), { host: '127.0.0.1', port: 0, latencyMs: 0, deltaLength: 40 });
});
