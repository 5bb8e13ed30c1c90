// The images cannot be built here, so what they would hold is laid out in a folder and run there: no service may need a
// development dependency, or a file that the Dockerfile forgets.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../components/command.ts';
import { startNatsServer } from '../processes/nats-server.ts';
import { startNode } from '../processes/node-service.ts';
import { localDir, root } from '../root.ts';
import { layOut, mayEnter } from '../test-support/image-tree.ts';
import { scratch } from '../test-support/scratch.ts';

const natsServer = process.env['NATS_SERVER_PATH'];
const dockerignore = readFileSync(join(root, '.dockerignore'), 'utf8');

/** On the disk of the packages, which are linked into it. */
function image(t: TestContext): string {
  mkdirSync(localDir, { recursive: true });
  const tree = mkdtempSync(join(localDir, 'image-'));
  t.after(() => rmSync(tree, { recursive: true, force: true, maxRetries: 5 }));
  layOut(root, 'service', tree);
  return tree;
}

const SERVICES = ['planner', 'llm-gateway', 'tool-executor', 'memory', 'provider-simulator'];

test('with nothing but what the image holds, the streams are made and every service becomes ready', async (t) => {
  assert.ok(natsServer, 'NATS_SERVER_PATH names no nats-server');
  const tree = image(t);
  assert.ok(!existsSync(join(tree, 'node_modules/fast-check')), 'a development dependency is in the image');
  await using nats = await startNatsServer({ binary: natsServer, storeDir: scratch(t) });
  const env = {
    PATH: '/usr/bin:/bin',
    NODE_ENV: 'production',
    APP_ENV: 'production',
    NATS_URL: nats.url,
    NATS_MONITOR_URL: nats.monitorUrl,
    OPENAI_API_KEY: 'canary',
    AGENT_MEMORY_KEY: '0'.repeat(64),
    CHROMA_URL: 'http://127.0.0.1:1',
  };
  const within = { cwd: tree, env, timeoutMs: 30_000 };
  const provisioned = await run(process.execPath, ['services/cli/src/main.ts', 'provision'], within);
  assert.equal(provisioned.code, 0, provisioned.stderr);
  assert.match(provisioned.stderr, /made AGENTS, /);

  const version = await run(process.execPath, ['services/cli/src/main.ts', '--version'], within);
  assert.equal(version.code, 0, version.stderr);

  const started = SERVICES.map((name) =>
    startNode({
      name,
      entry: join(tree, 'services', name, 'src/main.ts'),
      cwd: tree,
      env,
      readyWithinMs: 60_000,
    }),
  );
  try {
    await Promise.all(started.map(({ ready }) => ready));
  } finally {
    await Promise.all(started.map((service) => service.stop()));
  }
});

test('the health check passes for an answer of 2xx and fails for any other, and for none', async () => {
  let status = 200;
  const server = createServer((_, response) => response.writeHead(status).end('agents_llm_calls_total 1\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const script = join(root, 'deploy/healthcheck.mjs');
  const check = async (variables: Record<string, string>, ...args: string[]): Promise<number | undefined> =>
    (await run(process.execPath, [script, ...args], { env: variables })).code;
  try {
    assert.equal(await check({ AGENT_METRICS_PORT: String(port) }), 0);
    assert.equal(await check({}, `http://127.0.0.1:${port}/other`), 0);
    status = 503;
    assert.equal(await check({ AGENT_METRICS_PORT: String(port) }), 1);
  } finally {
    server.close();
  }
  assert.equal(await check({ AGENT_METRICS_PORT: String(port) }), 1);
});

test('keys, state and tests do not enter an image', () => {
  const inside = [
    'package.json',
    '.npmrc',
    'test/package.json',
    'shared/src/index.ts',
    'services/planner/src/main.ts',
  ];
  const outside = [
    '.env',
    '.env.production',
    'services/planner/src/.env',
    'openai.key',
    '.git/config',
    '.local/dev/nats/jetstream/a.blk',
    'node_modules/zod/package.json',
    'services/planner/node_modules/zod/package.json',
    'services/planner/src/door.test.ts',
    'services/planner/src/test-support/world.ts',
    'setup/src/test.ts',
    'deploy/secrets.yaml',
  ];
  assert.deepEqual(
    inside.filter((path) => !mayEnter(path, dockerignore)),
    [],
  );
  assert.deepEqual(
    outside.filter((path) => mayEnter(path, dockerignore)),
    [],
  );
});

test('the configuration of the nats image is one that nats-server takes', async () => {
  assert.ok(natsServer, 'NATS_SERVER_PATH names no nats-server');
  const { code, stderr } = await run(natsServer, ['-t', '-c', join(root, 'deploy/nats.conf')]);
  assert.equal(code, 0, stderr);
});
