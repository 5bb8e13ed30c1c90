// What every process checks before it works: the server is new enough, and the streams and consumers are as declared.
// Pure comparison over what the server answers; nothing is changed here.
import type { JetStreamManager, NatsConnection } from 'nats';
import { NatsError } from 'nats';
import { StartupError } from '../errors.ts';
import type { DeclaredBucket, DeclaredStream } from './declared.ts';
import {
  ABSENT_ON_LOG,
  declaredBuckets,
  declaredConsumers,
  declaredStreams,
  FORBIDDEN_ON_LOG,
  LOG_STREAM,
  streamOf,
} from './declared.ts';

/** Older servers accept settings of newer ones silently and ignore them: schedules that never fire, checks that do not check. */
export const MINIMUM_SERVER = '2.15.0';
/** JetStream's API level of that version. */
const MINIMUM_API_LEVEL = 5;

/** Throws StartupError `server_too_old`. */
export function checkServer(connection: NatsConnection): void {
  const info = connection.info as ({ version: string; api_lvl?: number } & object) | undefined;
  const version = info?.version ?? 'unknown';
  if (info !== undefined && !isOlder(version, MINIMUM_SERVER) && (info.api_lvl ?? 0) >= MINIMUM_API_LEVEL)
    return;
  throw new StartupError({
    code: 'server_too_old',
    message: `nats-server ${version} (API level ${info?.api_lvl ?? 0}) is older than ${MINIMUM_SERVER} (API level ${MINIMUM_API_LEVEL}); it would accept stream settings silently and ignore them.`,
    hint: `Run nats-server ${MINIMUM_SERVER} or newer.`,
  });
}

export function isOlder(version: string, minimum: string): boolean {
  const numbers = (text: string): number[] => text.split('-')[0]?.split('.').map(Number) ?? [];
  const [a, b] = [numbers(version), numbers(minimum)];
  for (let i = 0; i < 3; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (Number.isNaN(difference)) return true;
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Everything in which the server differs from what is declared, one sentence each; empty when all is well. */
export async function differences(manager: JetStreamManager): Promise<string[]> {
  const found: string[] = [];
  for (const declared of declaredStreams()) {
    const info = await manager.streams.info(declared.name).catch(ifMissing);
    if (info === undefined) found.push(`stream ${declared.name} does not exist`);
    else found.push(...compareStream(declared, info.config as unknown as Record<string, unknown>));
  }
  for (const bucket of declaredBuckets()) {
    const info = await manager.streams.info(streamOf(bucket)).catch(ifMissing);
    if (info === undefined) found.push(`stream ${streamOf(bucket)} does not exist`);
    else found.push(...compareBucket(bucket, info.config.max_age));
  }
  if (found.length > 0) return found;
  for (const { stream, config } of declaredConsumers()) {
    const info = await manager.consumers.info(stream, config.durable_name).catch(ifMissing);
    if (info === undefined) found.push(`consumer ${config.durable_name} of ${stream} does not exist`);
    else {
      const { filter_subject, ...actual } = info.config as unknown as Record<string, unknown>;
      const filters = actual['filter_subjects'] ?? (filter_subject === undefined ? [] : [filter_subject]);
      found.push(
        ...compare(`consumer ${config.durable_name}`, config, { ...actual, filter_subjects: filters }),
      );
    }
  }
  return found;
}

/** The server's words for a stream and a consumer that do not exist; anything else is a server that cannot answer. */
const NO_SUCH = new Set([10059, 10014]);

function ifMissing(error: unknown): undefined {
  if (!(error instanceof NatsError && NO_SUCH.has(error.api_error?.err_code ?? 0))) throw error;
}

/** Pure: how a stream's settings differ from the declared ones; for the log, also what it must never have. */
export function compareStream(declared: DeclaredStream, actual: Record<string, unknown>): string[] {
  const found = compare(`stream ${declared.name}`, declared, actual);
  if (declared.name === LOG_STREAM) {
    for (const setting of FORBIDDEN_ON_LOG) {
      if (actual[setting] === true)
        found.push(`stream ${LOG_STREAM} has ${setting}, with which it cannot keep its promises`);
    }
    for (const setting of ABSENT_ON_LOG) {
      if (actual[setting] !== undefined)
        found.push(`stream ${LOG_STREAM} has ${setting}: its messages are not its own`);
    }
    if (actual['persist_mode'] === 'async')
      found.push(`stream ${LOG_STREAM} has persist_mode async: it answers before it stores`);
  }
  return found;
}

function compareBucket(bucket: DeclaredBucket, maxAge: number): string[] {
  if (bucket.kind !== 'values' || bucket.ttlMatters !== true) return [];
  return compare(`stream ${streamOf(bucket)}`, { ttl_ms: bucket.ttlMs }, { ttl_ms: maxAge / 1e6 });
}

/** What an operator may change without breaking a guarantee. */
const OPERATOR_SETTINGS = new Set(['num_replicas', 'max_bytes', 'max_age', 'description', 'metadata']);

function compare(what: string, declared: object, actual: Record<string, unknown>): string[] {
  const found: string[] = [];
  for (const [setting, value] of Object.entries(declared)) {
    if (OPERATOR_SETTINGS.has(setting)) continue;
    if (text(actual[setting]) !== text(value))
      found.push(`${what}: ${setting} is ${text(actual[setting])}, declared ${text(value)}`);
  }
  const shards = (declared as DeclaredStream).metadata?.['troupe_shards'];
  const made = (actual['metadata'] as Record<string, string> | undefined)?.['troupe_shards'];
  if (shards !== undefined && made !== shards)
    found.push(`${what} was made with ${made ?? 'an unknown number of'} shards, this version has ${shards}`);
  return found;
}

const text = (value: unknown): string =>
  value === undefined
    ? 'not set'
    : JSON.stringify(Array.isArray(value) ? [...(value as unknown[])].sort() : value);
