// The one job that makes streams and consumers, and the comparison that every service makes before it works.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JetStreamManager, StreamConfig } from 'nats';
import type { Kernel } from '@troupe/shared';
import { doorSubjects } from '@troupe/contracts';
import { bind, DOOR_STREAM, LOG_STREAM, provision, StartupError, streamId } from '@troupe/shared';
import {
  declaredBuckets,
  declaredConsumers,
  declaredStreams,
} from '../../../shared/src/provision/declared.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
let kernel: Kernel;
let manager: JetStreamManager;
before(async () => {
  server = await startTestServer({ provisioned: false });
  kernel = await server.kernel();
  manager = await kernel.connection.jetstreamManager();
});
after(async () => {
  await kernel[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const streamNames = async (): Promise<string[]> => {
  const names: string[] = [];
  for await (const { config } of manager.streams.list()) names.push(config.name);
  return names.sort();
};
const deleteAll = async (): Promise<void> => {
  for (const name of await streamNames()) await manager.streams.delete(name);
  // The server says so before its store is rid of them, and would refuse the same names until then.
  const stored = join(server.storeDir, 'jetstream', '$G', 'streams');
  await until('the store is empty', async () => (await readdir(stored).catch(() => [])).length === 0);
};
const provisionNow = (monitorUrl: string | undefined = server.nats.monitorUrl) =>
  provision(kernel.connection, monitorUrl);

/** A StartupError of this code whose message has all of `words`. */
const startupError =
  (code: string, ...words: string[]) =>
  (error: unknown): boolean =>
    error instanceof StartupError &&
    error.failure.code === code &&
    words.every((word) => error.message.includes(word));

/** A monitoring address that answers with `status`. */
async function monitorThatSays(status: number): Promise<AsyncDisposable & { url: string }> {
  const http = createServer((_request, response) => void response.writeHead(status).end('{}'));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void http.close(() => resolve())),
  };
}

test('nothing is made on a server that says it is not healthy, does not answer, or cannot be asked', async () => {
  await using ill = await monitorThatSays(503);
  await Promise.all([
    assert.rejects(provisionNow(ill.url), startupError('server_unhealthy', '503')),
    assert.rejects(provisionNow('http://127.0.0.1:1'), startupError('server_unhealthy', 'nothing')),
    assert.rejects(provision(kernel.connection, undefined), startupError('health_unknown', LOG_STREAM)),
  ]);
  assert.deepEqual(await streamNames(), []);
});

test('a service makes nothing: on an empty server it names what is missing', async () => {
  await assert.rejects(bind(kernel.connection), startupError('streams_differ', LOG_STREAM, 'AGENTS_IN'));
  assert.deepEqual(await streamNames(), []);
});

test('from zero everything is made; a second run makes nothing, asks nobody for health, and services find all well', async () => {
  const { made } = await provisionNow();
  const consumers = declaredConsumers().map(({ config }) => config.durable_name);
  const streams = declaredStreams().map(({ name }) => name);
  const buckets = declaredBuckets().map(({ name }) => name);
  assert.deepEqual([...made].sort(), [...streams, ...consumers, ...buckets].sort());
  assert.deepEqual(await provision(kernel.connection, undefined), { made: [] });
  await bind(kernel.connection);
});

test('the monitoring of a sick server does not stop a service that only binds', async () => {
  await using ill = await monitorThatSays(503);
  assert.deepEqual(await provisionNow(ill.url), { made: [] });
});

test('a consumer that is missing is named by services and made again by the job, alone', async () => {
  await manager.consumers.delete(LOG_STREAM, 'memory');
  await assert.rejects(bind(kernel.connection), startupError('streams_differ', 'consumer memory'));
  assert.deepEqual(await provisionNow(), { made: ['memory'] });
  await bind(kernel.connection);
});

for (const bucket of [
  'KV_AGENTS_TOOLS',
  'KV_AGENTS_LEASES',
  'KV_AGENTS_BUDGETS',
  'KV_AGENTS_MEMORY_JOBS',
  'KV_AGENTS_MEMORY_KEYS',
  'OBJ_AGENTS_BLOBS',
]) {
  test(`the bucket behind ${bucket} is missed like a stream`, async () => {
    await manager.streams.delete(bucket);
    await assert.rejects(bind(kernel.connection), startupError('streams_differ', bucket));
    assert.equal((await provisionNow()).made.length, 1);
    await bind(kernel.connection);
  });
}

test('leases that would never expire are refused: nobody would take over from the dead', async () => {
  const { config } = await manager.streams.info('KV_AGENTS_LEASES');
  await manager.streams.update('KV_AGENTS_LEASES', { ...config, max_age: 0 });
  await assert.rejects(bind(kernel.connection), startupError('streams_differ', 'KV_AGENTS_LEASES', 'ttl_ms'));
  await manager.streams.update('KV_AGENTS_LEASES', config);
  await bind(kernel.connection);
});

test('a consumer that was changed is refused by name and setting', async () => {
  const { config } = await manager.consumers.info(LOG_STREAM, 'memory');
  await manager.consumers.update(LOG_STREAM, 'memory', { ...config, ack_wait: 77e9 });
  await assert.rejects(
    bind(kernel.connection),
    startupError('streams_differ', 'consumer memory', 'ack_wait'),
  );
  await assert.rejects(provisionNow(), startupError('streams_differ', 'ack_wait'));
  await manager.consumers.update(LOG_STREAM, 'memory', config);
  await bind(kernel.connection);
});

test('a stream made anew is told from the one of the same name before it', async () => {
  const before = await streamId(kernel.connection, 'AGENTS_IN');
  assert.equal(await streamId(kernel.connection, 'AGENTS_IN'), before);
  await manager.streams.delete('AGENTS_IN');
  await provisionNow();
  assert.notEqual(await streamId(kernel.connection, 'AGENTS_IN'), before);
});

test('jobs that run at the same time make everything once and all succeed', async () => {
  await deleteAll();
  await using other = await server.kernel('other');
  await Promise.all([provisionNow(), provision(other.connection, server.nats.monitorUrl), provisionNow()]);
  assert.deepEqual(await provisionNow(), { made: [] });
});

type Settings = Partial<StreamConfig> & Record<string, unknown>;

/** The log as somebody else might have made it, provisioned around. Throws what the server says of it. */
async function logWith(settings: Settings): Promise<void> {
  await deleteAll();
  const declared = declaredStreams().find(({ name }) => name === LOG_STREAM)!;
  await manager.streams.add({ ...declared, ...settings });
}

const FOREIGN: [setting: string, settings: Settings][] = [
  ['allow_rollup_hdrs', { allow_rollup_hdrs: true }],
  ['allow_msg_schedules', { allow_msg_schedules: true, allow_rollup_hdrs: true, discard: 'old' as never }],
  ['allow_msg_ttl', { allow_msg_ttl: true }],
  ['allow_atomic', { allow_atomic: true }],
  ['allow_msg_counter', { allow_msg_counter: true, discard: 'old' as never }],
  ['discard', { discard: 'old' as never }],
  ['storage', { storage: 'memory' as never }],
  ['retention', { retention: 'interest' as never }],
  ['allow_direct', { allow_direct: false }],
  ['subjects', { subjects: ['agents.*.*.*.*.*'] }],
  ['max_msgs_per_subject', { max_msgs_per_subject: 1 }],
  ['no_ack', { no_ack: true }],
  ['persist_mode', { persist_mode: 'async' }],
  [
    'subject_transform',
    {
      subject_transform: {
        src: 'agents.*.*.*.*.*',
        dest: 'agents.x.{{wildcard(2)}}.{{wildcard(3)}}.{{wildcard(4)}}.{{wildcard(5)}}',
      },
    },
  ],
  ['shards', { metadata: { troupe_shards: '4' } }],
  ['sources', { sources: [{ name: 'ELSEWHERE' }] as never }],
];

for (const [setting, settings] of FOREIGN) {
  test(`a log with a foreign ${setting} is refused, naming it`, async () => {
    await logWith(settings);
    await assert.rejects(provisionNow(), startupError('streams_differ', setting));
  });
}

test('what an operator may change is not refused: replicas aside, size, age and description', async () => {
  await logWith({ max_bytes: 10_000_000, max_age: 0, description: 'ours' });
  await provisionNow();
  await bind(kernel.connection);
});

test('a part that the server refuses to make is named with what the server said', async () => {
  await deleteAll();
  await manager.streams.add({ name: 'SQUATTER', subjects: ['agents.workflow.requested'] });
  await assert.rejects(provisionNow(), startupError('provision_refused', 'AGENTS_IN', 'overlap'));
});

test('a door of an older version is widened by the job, and what it holds stays; services name it until then', async () => {
  await deleteAll();
  await provisionNow();
  const narrow = ['agents.workflow.requested', 'agents.workflow.requested.*'];
  await manager.consumers.update(DOOR_STREAM, 'door', { filter_subjects: narrow });
  await manager.streams.update(DOOR_STREAM, { subjects: narrow });
  await kernel.connection.jetstream().publish('agents.workflow.requested', '{}');
  await assert.rejects(bind(kernel.connection), startupError('streams_differ', 'AGENTS_IN', 'signalled'));
  const { made } = await provisionNow();
  assert.deepEqual(made, ['subjects of AGENTS_IN', 'subjects of door']);
  await bind(kernel.connection);
  await kernel.connection.jetstream().publish('agents.workflow.signalled.alice', '{}');
  assert.equal((await manager.consumers.info(DOOR_STREAM, 'door')).num_pending, 2);
});

test('a door with subjects of its own is not changed', async () => {
  await deleteAll();
  await provisionNow();
  await manager.streams.update(DOOR_STREAM, { subjects: [...doorSubjects(), 'ours.too'] });
  await assert.rejects(provisionNow(), startupError('streams_differ', 'ours.too'));
  await manager.streams.update(DOOR_STREAM, { subjects: doorSubjects() });
});
