// A kernel's connection: how it is opened, what it survives, and that it always closes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findNatsServer, freePort, localDir, startGuarded } from '@troupe/setup';
import type { ToolDefinition } from '@troupe/contracts';
import { referenceTo } from '@troupe/contracts';
import { createLogger, openKernel, StartupError, TerminalError } from '@troupe/shared';
import { someWorkflow } from '../support/events.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const tool = (description: string): ToolDefinition => ({
  name: 'look',
  description,
  input_schema: {},
  output_schema: {},
  effect: 'read',
  timeout_seconds: 5,
});

test('an address that leads nowhere is told by a stable code, without the password in it', async () => {
  const logger = createLogger('test', 'silent');
  for (const [url, code] of [
    ['nats://user:secret@127.0.0.1:1', 'nats_unreachable'],
    ['user:secret@127.0.0.1:1', 'nats_unreachable'],
    ['nats://user:secret@:99999999', 'invalid_configuration'],
  ] as const) {
    await assert.rejects(openKernel({ url, name: 'test', logger }), (error: unknown) => {
      assert.equal(error instanceof StartupError && error.failure.code, code);
      assert.doesNotMatch(String(error), /secret/);
      return true;
    });
  }
});

test('the user and password, or the token, in the address are used, and a server that refuses them is told apart', async () => {
  const { command } = await findNatsServer({ env: process.env, localDir, report: () => undefined });
  const logger = createLogger('test', 'silent');
  const opened = async (credentials: string, flags: string[]): Promise<void> => {
    const port = String(await freePort());
    const args = ['-a', '127.0.0.1', '-p', port, ...flags];
    await using guarded = startGuarded({ name: 'nats-server', command, args, env: {} });
    await until('it listens', () => guarded.tail().includes('Server is ready'));
    await using kernel = await openKernel({
      url: `nats://${credentials}127.0.0.1:${port}`,
      name: 'test',
      logger,
    });
    await kernel.connection.flush();
  };
  const password = ['--user', 'ann', '--pass', 'p@ss/w:rd'];
  await opened('ann:p%40ss%2Fw%3Ard@', password);
  await opened('to-ken@', ['--auth', 'to-ken']);
  for (const wrong of ['', 'ann:other@', 'ann@']) {
    await assert.rejects(opened(wrong, password), (error: unknown) => {
      assert.equal(error instanceof StartupError && error.failure.code, 'nats_unauthorized');
      assert.doesNotMatch(String(error), /other/);
      return true;
    });
  }
});

test('a kernel closes within seconds though its server stands still or is gone', async () => {
  const closing = async (): Promise<number> => {
    const startedAt = performance.now();
    await kernel[Symbol.asyncDispose]();
    return performance.now() - startedAt;
  };
  let kernel = await server.kernel();
  server.nats.kill('SIGSTOP');
  assert.ok((await closing()) < 8_000);
  server.nats.kill('SIGCONT');
  kernel = await server.kernel();
  server.nats.kill('SIGKILL');
  await server.nats.exited();
  assert.ok((await closing()) < 8_000);
  await server.nats.restart();
});

test('announced tools are offered at once, found by hash for ever, and unknown ones are told', async () => {
  await using kernel = await server.kernel();
  await using other = await server.kernel();
  const [old, young] = [tool('old'), tool('young')];
  await kernel.tools.announce([old]);
  assert.deepEqual(await other.tools.current(['look', 'absent']), [referenceTo(old)]);
  await kernel.tools.announce([young]);
  await until('the new one is offered', async () => {
    const [current] = await other.tools.current(['look']);
    return current?.hash === referenceTo(young).hash;
  });
  assert.deepEqual(await other.tools.definition(referenceTo(old)), old);
  await assert.rejects(other.tools.definition(referenceTo(tool('never'))), (error: unknown) => {
    assert.equal(error instanceof TerminalError && error.failure.code, 'unknown_tool');
    return true;
  });
});

test('tools and blobs that were first asked for while the server was away are found when it is back', async () => {
  await using proxy = await startTcpProxy(server.nats.url);
  await using kernel = await server.kernel('far', proxy.url);
  const { user } = someWorkflow();
  const content = new TextEncoder().encode('kept');
  proxy.refuse(true);
  const results = await Promise.allSettled([
    kernel.tools.current(['look']),
    kernel.tools.definition(referenceTo(tool('old'))),
    kernel.blobs.store(user, content),
  ]);
  assert.deepEqual(new Set(results.map(({ status }) => status)), new Set(['rejected']));
  proxy.refuse(false);
  await until('connected again', () =>
    kernel.connection.flush().then(
      () => true,
      () => false,
    ),
  );
  assert.equal((await kernel.tools.current(['look'])).length, 1);
  assert.equal((await kernel.tools.definition(referenceTo(tool('old')))).description, 'old');
  assert.equal(await kernel.blobs.load(await kernel.blobs.store(user, content)), 'kept');
});
