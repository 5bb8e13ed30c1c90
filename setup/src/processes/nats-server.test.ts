import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findNatsServer } from '../components/nats-server.ts';
import { localDir } from '../root.ts';
import { SetupError } from '../setup-error.ts';
import { startParent, untilGone } from '../test-support/parent.ts';
import { scratch, script } from '../test-support/scratch.ts';
import { type NatsServer, startNatsServer } from './nats-server.ts';

let binary = '';
before(async () => {
  ({ command: binary } = await findNatsServer({ env: process.env, localDir, report: console.error }));
});

/** One request in the NATS protocol, so that setup needs no client library. */
async function request(server: NatsServer, subject: string, body: string): Promise<Record<string, unknown>> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(`CONNECT {"verbose":false,"headers":true}\r\nSUB inbox 1\r\n`);
  socket.write(`PUB ${subject} inbox ${Buffer.byteLength(body)}\r\n${body}\r\n`);
  try {
    for await (const line of createInterface({ input: socket })) {
      if (line.startsWith('{')) return JSON.parse(line) as Record<string, unknown>;
      assert.ok(!line.startsWith('-ERR'), line);
    }
  } finally {
    socket.destroy();
  }
  throw new Error('the server closed the connection without an answer');
}

const createStream = (server: NatsServer): Promise<Record<string, unknown>> =>
  request(
    server,
    '$JS.API.STREAM.CREATE.KEPT',
    JSON.stringify({ name: 'KEPT', subjects: ['kept'], storage: 'file' }),
  );

async function json(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}

test('a started server is healthy, on loopback only, with the settings that were asked for', async (t) => {
  await using server = await startNatsServer({ binary, storeDir: scratch(t), syncInterval: 'always' });
  assert.equal((await fetch(`${server.monitorUrl}/healthz`)).status, 200);
  const variables = await json(`${server.monitorUrl}/varz`);
  assert.deepEqual(
    [variables['host'], variables['max_payload'], variables['ping_interval'], variables['ping_max']],
    ['127.0.0.1', 1024 * 1024, 20_000_000_000, 2],
  );
  const { config } = (await json(`${server.monitorUrl}/jsz`)) as { config: Record<string, unknown> };
  assert.deepEqual([config['sync_always'], config['strict']], [true, true]);
});

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`after ${signal} a restart has the same ports and every stored message`, async (t) => {
    await using server = await startNatsServer({ binary, storeDir: scratch(t) });
    const before = { url: server.url, monitorUrl: server.monitorUrl, pid: server.pid() };
    await createStream(server);
    const stored = await request(server, 'kept', 'something');
    assert.equal(stored['seq'], 1);
    server.kill(signal);
    await server.exited();
    await server.restart();
    assert.deepEqual([server.url, server.monitorUrl], [before.url, before.monitorUrl]);
    assert.notEqual(server.pid(), before.pid);
    assert.equal((await request(server, 'kept', 'something else'))['seq'], 2);
  });
}

test('a server that cannot start is an error with its last lines', async (t) => {
  const folder = scratch(t);
  const broken = await script(join(folder, 'nats-server'), 'echo no space left on the moon >&2; exit 3');
  await assert.rejects(startNatsServer({ binary: broken, storeDir: folder }), (error) => {
    assert.ok(error instanceof SetupError);
    assert.equal(error.code, 'process_ended');
    assert.match(error.message, /code 3[^]*no space left on the moon/);
    return true;
  });
});

test('a port that is in use is an error that names it, before a server is started', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const starting = startNatsServer({ binary, storeDir: scratch(t), port });
  await assert.rejects(starting, { code: 'port_taken', message: new RegExp(`Port ${port} `) });
  other.close();
});

test('a start that is cancelled leaves no server behind', async (t) => {
  const folder = scratch(t);
  const pidFile = join(folder, 'pid');
  const silent = await script(
    join(folder, 'nats-server'),
    `echo $$ > ${pidFile}.new`,
    `mv ${pidFile}.new ${pidFile}`,
    'exec sleep 60',
  );
  const reason = new Error('enough');
  const aborter = new AbortController();
  const starting = startNatsServer({
    binary: silent,
    storeDir: join(folder, 'store'),
    signal: aborter.signal,
  });
  const refused = assert.rejects(starting, reason);
  while (!existsSync(pidFile)) await sleep(10);
  aborter.abort(reason);
  await refused;
  await untilGone(Number(readFileSync(pidFile, 'utf8')));
});

test('a server does not outlive a parent that was killed by SIGKILL', async (t) => {
  const module = new URL('nats-server.ts', import.meta.url).href;
  const options = JSON.stringify({ binary, storeDir: scratch(t) });
  const parent = await startParent(
    t,
    `import { startNatsServer } from ${JSON.stringify(module)};
     console.log(String((await startNatsServer(${options})).pid()));`,
  );
  const pid = Number(parent.firstLine);
  assert.ok(process.kill(pid, 0), 'it runs');
  parent.kill('SIGKILL');
  await untilGone(pid);
});
