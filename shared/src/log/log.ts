// The log as services see it: append and consistent reads, on one connection.
import type { NatsConnection } from 'nats';
import type { StoredEvent, WorkflowKey } from '@troupe/contracts';
import type { Blobs } from '../blobs.ts';
import { DirectReader } from '../nats/direct.ts';
import type { Publisher } from '../nats/publisher.ts';
import { LOG_STREAM } from '../provision/declared.ts';
import type { Append } from './append.ts';
import { createAppend } from './append.ts';
import { follow } from './follow.ts';
import { LogReader } from './read.ts';

export interface Log {
  readonly append: Append;
  readonly read: LogReader;
  /** See follow.ts. */
  follow(key: WorkflowKey, signal: AbortSignal): AsyncGenerator<StoredEvent>;
}

export function createLog(connection: NatsConnection, publisher: Publisher, blobs: Blobs): Log {
  const read = new LogReader(new DirectReader(connection, LOG_STREAM));
  const append = createAppend({
    publisher,
    reader: read,
    offload: (draft) => blobs.offload(draft),
    now: () => new Date(),
  });
  return { append, read, follow: (key, signal) => follow(connection, read, key, signal) };
}
