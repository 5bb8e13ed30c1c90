// The two commands of the README as processes: what they print where, how they end, and that nothing is left running.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'nats';
import { freePort, root } from '@troupe/setup';
import type { WorkflowResult } from '@troupe/contracts';

interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when stderr matches, rejects if the process ends before. */
  readonly said: (pattern: RegExp) => Promise<void>;
  readonly ended: Promise<number | null>;
}

function run(entry: string, args: readonly string[], env: Record<string, string>): Run {
  const child = spawn(process.execPath, [join(root, 'services/cli/src', entry), ...args], {
    env: { ...process.env, ...env },
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
  const demo = run('demo.ts', ['Say hello'], { NATS_PORT: String(port) });
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
    const dev = run('dev.ts', [], env);
    await dev.said(/Ctrl-C drains and stops everything/);
    assert.equal(await isListening(port), true);

    const second = run('dev.ts', [], env);
    assert.equal(await second.ended, 1);
    assert.match(second.stderr(), new RegExp(`127.0.0.1:${port} is held by .*nats-server.*\\(pid \\d+\\)`));

    // A demo beside it takes another port.
    const demo = run('demo.ts', ['Say hello'], env);
    assert.equal(await demo.ended, 0, demo.stderr());

    dev.child.kill('SIGINT');
    assert.equal(await dev.ended, 0, dev.stderr());
    assert.equal(dev.stdout(), '');
    assert.equal(await isListening(port), false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
