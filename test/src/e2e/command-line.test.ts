// The two commands of the README as processes: what they print where, how they end, and that nothing is left running.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'nats';
import { freePort } from '@troupe/setup';
import type { WorkflowResult } from '@troupe/contracts';
import { startCli } from './cli-process.ts';

const isListening = (port: number): Promise<boolean> =>
  connect({ servers: `nats://127.0.0.1:${port}`, reconnect: false, timeout: 1_000 }).then(
    async (connection) => {
      await connection.close();
      return true;
    },
    () => false,
  );

test('the demo prints the result as one line of JSON on stdout, everything else on stderr, and leaves nothing running', async () => {
  const port = await freePort();
  const demo = startCli('demo.ts', ['Say hello'], { NATS_PORT: String(port) });
  assert.equal(await demo.ended, 0, demo.stderr());
  assert.match(demo.stdout(), /^[^\n]+\n$/);
  const result = JSON.parse(demo.stdout()) as WorkflowResult;
  assert.equal(result.status, 'completed');
  assert.match(result.answer ?? '', /^\[provider-simulator\] Asked: Say hello/);
  assert.match(demo.stderr(), new RegExp(`nats://127.0.0.1:${port}`));
  assert.match(demo.stderr(), /Try next:/);
  assert.equal(await isListening(port), false);
});

test('dev stays until it is interrupted, says who holds its port, and drains', async () => {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'troupe-dev-'));
  try {
    const env = {
      NATS_PORT: String(port),
      CHROMA_PERSIST_DIR: join(folder, 'chroma'),
      TROUPE_STATE_DIR: join(folder, 'state'),
    };
    const dev = startCli('dev.ts', [], env);
    await dev.said(/Ctrl-C drains and stops everything/);
    assert.equal(await isListening(port), true);

    const second = startCli('dev.ts', [], env);
    assert.equal(await second.ended, 1);
    assert.match(second.stderr(), new RegExp(`127.0.0.1:${port} is held by .*nats-server.*\\(pid \\d+\\)`));

    // A demo beside it takes another port.
    const demo = startCli('demo.ts', ['Say hello'], env);
    assert.equal(await demo.ended, 0, demo.stderr());

    dev.child.kill('SIGINT');
    assert.equal(await dev.ended, 0, dev.stderr());
    assert.equal(dev.stdout(), '');
    assert.equal(await isListening(port), false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
