// The whole stack for a test, with a page of its own and a world outside that counts effects. When the test is over, a fresh
// process reads the stream and checks the replay property: every run of the suite is held to it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import type { NatsConnection } from 'nats';
import type { Stack, StackOptions } from '../../../services/cli/src/stack.ts';
import { startStack } from '../../../services/cli/src/stack.ts';
import type { ReplayReport } from '../replay/check-replay.ts';
import type { World, WorldOptions } from './world.ts';
import { startWorld } from './world.ts';

export interface TestStack {
  readonly stack: Stack;
  readonly world: World;
  /** A plain NATS client, as any user has. */
  readonly client: NatsConnection;
  /** Every line that a service wrote. */
  readonly lines: readonly string[];
}

const REPLAY = fileURLToPath(new URL('../replay/main.ts', import.meta.url));

/** Runs `test` on a fresh stack, then checks replay and that every process ended. */
export async function withStack(
  options: Partial<Pick<StackOptions, 'counts' | 'env' | 'keepRunning'> & WorldOptions>,
  test: (given: TestStack) => Promise<void>,
): Promise<ReplayReport> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'));
  try {
    await using world = await startWorld({ html: '<!doctype html><title>empty</title>', ...options });
    const lines: string[] = [];
    await using stack = await startStack({
      componentEnv: process.env,
      storeDir: join(folder, 'nats'),
      chroma: { dataDir: join(folder, 'chroma') },
      simulated: true,
      keepRunning: options.keepRunning ?? false,
      report: () => undefined,
      onLine: (service, line) => lines.push(`${service} ${line}`),
      ...(options.counts === undefined ? {} : { counts: options.counts }),
      env: {
        ...options.env,
        'tool-executor': {
          AGENT_EGRESS_ALLOW: world.host,
          AGENT_NOTIFY_WEBHOOK_URL: `${world.url}/notify`,
          ...options.env?.['tool-executor'],
        },
      },
    });
    const client = await connect({ servers: stack.nats.url, name: 'plain-client' });
    try {
      await test({ stack, world, client, lines });
    } finally {
      await client.close();
    }
    return await replay(stack.nats.url);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function replay(natsUrl: string): Promise<ReplayReport> {
  const { stdout } = await promisify(execFile)(process.execPath, [REPLAY, natsUrl], {
    maxBuffer: 16 * 1024 * 1024,
  }).catch((error: unknown) => error as { stdout: string });
  const report = JSON.parse(stdout) as ReplayReport;
  assert.deepEqual(report.violations, []);
  return report;
}
