// The life of a service as a process: it starts or says why not, stops when told, and never stays behind half alive.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type NodeService, startNode } from '@troupe/setup';
import type { WorkflowKey } from '@troupe/contracts';
import { type Kernel, LOG_STREAM } from '@troupe/shared';
import { append, draftOf, someWorkflow } from '../support/events.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
let kernel: Kernel;
before(async () => {
  server = await startTestServer();
  kernel = await server.kernel();
});
after(async () => {
  await kernel[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const entry = fileURLToPath(new URL('../support/small-service.ts', import.meta.url));
const start = (env: Record<string, string> = {}): NodeService =>
  startNode({ name: 'small', entry, env: { NATS_URL: server.nats.url, ...env } });

async function asking(): Promise<WorkflowKey> {
  const key = someWorkflow();
  const first = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  await append(kernel, draftOf('memory.requested', key, { name: 'recall' }), first);
  return key;
}
const answered = (key: WorkflowKey) =>
  until('answered', async () => (await kernel.log.read.head(key))?.type === 'memory.completed', 20_000);
const working = (service: NodeService) => until('working', () => service.tail().includes('"working"'));

test('a service that is told to stop finishes what it has in hand, acknowledges it and ends with 0', async () => {
  await using service = start({ WORK_MS: '1000' });
  await service.ready;
  const key = await asking();
  await working(service);
  service.kill('SIGTERM');
  assert.deepEqual(await service.exited, { code: 0, signal: null });
  await answered(key);
  const { consumers } = await kernel.connection.jetstreamManager();
  assert.equal((await consumers.info(LOG_STREAM, 'memory')).num_ack_pending, 0);
});

test('a service that is told twice ends at once', async () => {
  await using service = start({ WORK_MS: '60000' });
  await service.ready;
  await asking();
  await working(service);
  service.kill('SIGINT');
  await until('draining', () => service.tail().includes('draining'));
  service.kill('SIGINT');
  assert.deepEqual(await service.exited, { code: 130, signal: null });
});

test('a service that is killed is followed by another one that does its work', async () => {
  await using service = start({ WORK_MS: '60000' });
  await service.ready;
  const key = await asking();
  await working(service);
  service.kill('SIGKILL');
  await using next = start();
  await next.ready;
  await answered(key);
});

test('a service ends when it is told to though its server stands still', async () => {
  await using service = start();
  await service.ready;
  server.nats.kill('SIGSTOP');
  service.kill('SIGTERM');
  const { code } = await service.exited;
  server.nats.kill('SIGCONT');
  assert.equal(code, 0);
});

test('a service that cannot work says why, with what to do, in one line, and ends with 1', async () => {
  const cases: [env: Record<string, string>, says: RegExp][] = [
    [{ NATS_URL: 'nats://127.0.0.1:1' }, /^small: nats_unreachable: .* NATS_URL\.$/m],
    [{ WORK_MS: 'soon' }, /^small: invalid_configuration: WORK_MS: .*$/m],
  ];
  await Promise.all(
    cases.map(async ([env, says]) => {
      await using service = start(env);
      assert.deepEqual(await service.exited, { code: 1, signal: null });
      assert.match(service.tail(), says);
      assert.equal(service.tail().trim().split('\n').length, 1);
    }),
  );
});

test('a service whose consumer is deleted ends with 1 and says what is gone, and will not start without it', async () => {
  await using service = start();
  await service.ready;
  await (await kernel.connection.jetstreamManager()).consumers.delete(LOG_STREAM, 'memory');
  assert.deepEqual(await service.exited, { code: 1, signal: null });
  assert.match(service.tail(), /small: consumer_gone: /);
  await using next = start();
  assert.deepEqual(await next.exited, { code: 1, signal: null });
  assert.match(next.tail(), /small: streams_differ: .*consumer memory/);
});
