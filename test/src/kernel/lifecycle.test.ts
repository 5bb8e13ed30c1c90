// A kernel's connection: how it is opened, what it survives, and that it always closes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ToolDefinition } from '@troupe/contracts';
import { referenceTo } from '@troupe/contracts';
import { createLogger, openKernel, StartupError, TerminalError } from '@troupe/shared';
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

test('a server that is not there is told by a stable code, without the password in the address', async () => {
  const url = 'nats://user:secret@127.0.0.1:1';
  const logger = createLogger('test', 'silent');
  await assert.rejects(openKernel({ url, name: 'test', logger }), (error: unknown) => {
    assert.ok(error instanceof StartupError);
    assert.equal(error.failure.code, 'nats_unreachable');
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
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
  const text = { user: 'alice' as never, content: new TextEncoder().encode('kept') };
  proxy.refuse(true);
  const results = await Promise.allSettled([
    kernel.tools.current(['look']),
    kernel.tools.definition(referenceTo(tool('old'))),
    kernel.blobs.store(text.user, text.content),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  );
  proxy.refuse(false);
  await until('connected again', () => kernel.connection.flush().then(() => true, () => false));
  assert.equal((await kernel.tools.current(['look'])).length, 1);
  assert.equal((await kernel.tools.definition(referenceTo(tool('old')))).description, 'old');
  assert.equal(await kernel.blobs.load(await kernel.blobs.store(text.user, text.content)), 'kept');
});
