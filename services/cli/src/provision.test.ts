import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findNatsServer, freePort, localDir, startNatsServer } from '@troupe/setup';
import { environment, StartupError } from '@troupe/shared';
import { provisionWhenHealthy } from './provision.ts';

const find = { env: environment(), localDir, report: () => undefined };
const { command: binary } = await findNatsServer(find);
const signal = new AbortController().signal;

function storeDir(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-provision-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

const refusedAs = (code: string) => (error: unknown) =>
  error instanceof StartupError && error.failure.code === code;

test('what is missing is made once: the second time there is nothing to do', async (t) => {
  await using nats = await startNatsServer({ binary, storeDir: storeDir(t) });
  const server = { NATS_URL: nats.url, NATS_MONITOR_URL: nats.monitorUrl };
  const made = await provisionWhenHealthy(server, { withinMs: 10_000, signal });
  for (const name of ['AGENTS', 'AGENTS_IN', 'AGENTS_TIMERS', 'AGENTS_DEAD', 'planner-0', 'door']) {
    assert.ok(made.includes(name), name);
  }
  assert.deepEqual(await provisionWhenHealthy(server, { withinMs: 10_000, signal }), []);
});

test('a server that starts after the job is waited for', async (t) => {
  const port = await freePort();
  const NATS_URL = `nats://127.0.0.1:${port}`;
  const early = provisionWhenHealthy({ NATS_URL, NATS_MONITOR_URL: undefined }, { withinMs: 30_000, signal });
  await using nats = await startNatsServer({ binary, storeDir: storeDir(t), port });
  // It was reached: without its monitoring address nothing is made, and waiting does not mend that.
  await assert.rejects(early, refusedAs('health_unknown'));
  assert.equal(nats.url, NATS_URL);
});

test('where no server answers in time the job ends and says so', async () => {
  const server = { NATS_URL: `nats://127.0.0.1:${await freePort()}`, NATS_MONITOR_URL: undefined };
  await assert.rejects(
    provisionWhenHealthy(server, { withinMs: 600, signal }),
    refusedAs('nats_unreachable'),
  );
});

test('an interruption ends the wait', async () => {
  const server = { NATS_URL: `nats://127.0.0.1:${await freePort()}`, NATS_MONITOR_URL: undefined };
  const interrupted = new AbortController();
  const waiting = provisionWhenHealthy(server, { withinMs: 60_000, signal: interrupted.signal });
  setTimeout(() => interrupted.abort(new Error('enough')), 300);
  await assert.rejects(waiting, (error: Error) => error.name === 'AbortError');
});
