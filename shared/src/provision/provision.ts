// The one job that makes streams, consumers and buckets. Only on a healthy server: making a stream on a server that could not
// read its store deletes what is there. Nothing that exists is changed (but for new subjects of the door, widen.ts) or made
// anew; a difference is refused.
import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamClient, NatsConnection } from 'nats';
import { StartupError } from '../errors.ts';
import type { DeclaredBucket } from './declared.ts';
import { declaredBuckets, declaredConsumers, declaredStreams, DOOR_STREAM, streamOf } from './declared.ts';
import { checkServer, differences } from './self-test.ts';
import { widenings } from './widen.ts';

export interface Provisioned {
  readonly made: readonly string[];
}

/**
 * Makes what is missing and compares the rest. `monitorUrl` is the server's HTTP monitoring address; without it nothing is
 * made. Throws StartupError `server_too_old`, `server_unhealthy`, `health_unknown` or `streams_differ`.
 */
export async function provision(
  connection: NatsConnection,
  monitorUrl: string | undefined,
): Promise<Provisioned> {
  checkServer(connection);
  const manager = await connection.jetstreamManager();
  const missing = await missingParts(connection);
  if (missing.length > 0) await requireHealthy(monitorUrl, missing);
  const made: string[] = [];
  for (const { name, make } of missing) {
    await make().catch((cause: unknown) => {
      throw refused(name, cause);
    });
    made.push(name);
  }
  refuseDifferences(await differences(manager));
  return { made };
}

/** For services: nothing is made. Throws StartupError `server_too_old` or `streams_differ`. */
export async function bind(connection: NatsConnection): Promise<void> {
  checkServer(connection);
  refuseDifferences(await differences(await connection.jetstreamManager()));
}

interface Part {
  readonly name: string;
  readonly make: () => Promise<unknown>;
}

async function missingParts(connection: NatsConnection): Promise<Part[]> {
  const manager = await connection.jetstreamManager();
  const jetstream = connection.jetstream();
  const streams = new Set<string>();
  for await (const stream of manager.streams.list()) streams.add(stream.config.name);
  const consumers = new Set<string>();
  for (const stream of new Set(declaredConsumers().map((declared) => declared.stream))) {
    if (!streams.has(stream)) continue;
    for await (const { name } of manager.consumers.list(stream)) consumers.add(`${stream}/${name}`);
  }
  return [
    ...declaredStreams()
      .filter(({ name }) => !streams.has(name))
      .map((config) => ({
        name: config.name,
        make: () => manager.streams.add(config),
      })),
    ...declaredConsumers()
      .filter(({ stream, config }) => !consumers.has(`${stream}/${config.durable_name}`))
      .map(({ stream, config }) => ({
        name: config.durable_name,
        make: () => manager.consumers.add(stream, config),
      })),
    ...(streams.has(DOOR_STREAM) && consumers.has(`${DOOR_STREAM}/door`) ? await widenings(manager) : []),
    ...declaredBuckets()
      .filter((bucket) => !streams.has(streamOf(bucket)))
      .map((bucket) => ({ name: bucket.name, make: () => makeBucket(jetstream, bucket) })),
  ];
}

function makeBucket({ views }: JetStreamClient, bucket: DeclaredBucket): Promise<unknown> {
  if (bucket.kind === 'objects') return views.os(bucket.name);
  const { name, history = 1, ttlMs } = bucket;
  return views.kv(name, { history, ...(ttlMs === undefined ? {} : { ttl: ttlMs }) });
}

/** A server that starts, or that just lost a stream, is not healthy for a moment. */
const HEALTHY_WITHIN_MS = 3_000;
const HEALTH_PAUSE_MS = 200;

async function requireHealthy(monitorUrl: string | undefined, missing: readonly Part[]): Promise<void> {
  const names = missing.map(({ name }) => name).join(', ');
  if (monitorUrl === undefined) {
    throw new StartupError({
      code: 'health_unknown',
      message: `Missing on the server: ${names}. They are only made on a server that says it is healthy, and its monitoring address is not set.`,
      hint: 'Set NATS_MONITOR_URL, for example http://127.0.0.1:8222.',
    });
  }
  const url = new URL('/healthz', monitorUrl);
  let status = await healthOf(url);
  for (const startedAt = performance.now(); status !== 200; status = await healthOf(url)) {
    if (performance.now() - startedAt > HEALTHY_WITHIN_MS) break;
    await sleep(HEALTH_PAUSE_MS);
  }
  if (status === 200) return;
  throw new StartupError({
    code: 'server_unhealthy',
    message: `${url.href} answered ${status ?? 'nothing'}. Making streams now could delete stored ones.`,
    hint: 'Look at the log of nats-server: wrong encryption key, full disk, damaged store.',
  });
}

const healthOf = (url: URL): Promise<number | undefined> =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ status }) => status,
    () => undefined,
  );

const refused = (name: string, cause: unknown): StartupError =>
  new StartupError(
    {
      code: 'provision_refused',
      message: `The server refused to make ${name}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      hint: 'Free disk space or raise max_file_store if storage is short; else look at the log of nats-server.',
    },
    { cause },
  );

function refuseDifferences(found: readonly string[]): void {
  if (found.length === 0) return;
  throw new StartupError({
    code: 'streams_differ',
    message: `The server differs from what is declared: ${found.join('; ')}.`,
    hint: 'Run the provisioning job for what is missing and for new subjects of the door; mend by hand what differs otherwise. Nothing else that exists is changed automatically.',
  });
}

/** What tells a stream from one of the same name that was made before or after it: its name and time of making. */
export async function streamId(connection: NatsConnection, stream: string): Promise<string> {
  const { created } = await (await connection.jetstreamManager()).streams.info(stream);
  return `${stream}@${created}`;
}
