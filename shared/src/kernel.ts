// Everything that a service does with NATS, opened on one connection and closed with it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import type { Aborts } from './aborts.ts';
import { createAborts } from './aborts.ts';
import type { Blobs } from './blobs.ts';
import { createBlobs } from './blobs.ts';
import type { DeadLetters } from './dead-letters.ts';
import { createDeadLetters } from './dead-letters.ts';
import type { Log } from './log/log.ts';
import { createLog } from './log/log.ts';
import type { Logger } from './logger.ts';
import { connectNats } from './nats/connection.ts';
import { Publisher } from './nats/publisher.ts';
import type { ToolDirectory } from './tools.ts';
import { createToolDirectory } from './tools.ts';

export interface Kernel extends AsyncDisposable {
  readonly connection: NatsConnection;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly blobs: Blobs;
  readonly tools: ToolDirectory;
  readonly deadLetters: DeadLetters;
  readonly aborts: Aborts;
  readonly logger: Logger;
}

/** A server that does not answer must not keep a process from ending; what is not flushed by then is sent again by whoever follows. */
const FLUSH_MS = 2_000;

/** Connects; whoever opens the kernel disposes it, which flushes and closes the connection. */
export async function openKernel(options: { url: string; name: string; logger: Logger }): Promise<Kernel> {
  const connection = await connectNats(options);
  const publisher = new Publisher(connection);
  const blobs = createBlobs(connection);
  return {
    connection,
    publisher,
    blobs,
    log: createLog(connection, publisher, blobs),
    tools: createToolDirectory(connection),
    deadLetters: createDeadLetters(publisher),
    aborts: createAborts(connection),
    logger: options.logger,
    async [Symbol.asyncDispose]() {
      const flushed = connection.flush().catch(() => undefined);
      await Promise.race([flushed, sleep(FLUSH_MS, undefined, { ref: false })]);
      publisher[Symbol.dispose]();
      await connection.close();
    },
  };
}
