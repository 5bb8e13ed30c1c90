// Everything that a service does with NATS, opened on one connection and closed with it.
import { randomUUID } from 'node:crypto';
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
import { SendBuffer } from './nats/send-buffer.ts';
import { Publisher } from './nats/publisher.ts';
import type { RunsView } from './runs-view.ts';
import { createRunsView } from './runs-view.ts';
import type { Suspects } from './suspects.ts';
import { createSuspects } from './suspects.ts';
import type { ToolDirectory } from './tools.ts';
import { reportConsumerLag } from './telemetry/consumer-lag.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { MicroService, MicroServiceMetadata } from './telemetry/micro-service.ts';
import { createMicroService } from './telemetry/micro-service.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { silentTelemetry } from './telemetry/telemetry.ts';
import type { Tracer } from './telemetry/tracing.ts';
import { createToolDirectory } from './tools.ts';

export interface Kernel extends AsyncDisposable {
  readonly connection: NatsConnection;
  readonly publisher: Publisher;
  /** Sends what is not stored, and does not wait. What the client library refuses is dropped. */
  readonly tell: (subject: string, payload: string) => void;
  readonly log: Log;
  readonly blobs: Blobs;
  readonly tools: ToolDirectory;
  readonly deadLetters: DeadLetters;
  readonly suspects: Suspects;
  readonly aborts: Aborts;
  readonly runs: RunsView;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly micro: MicroService;
}

export interface KernelOptions {
  readonly url: string;
  readonly name: string;
  readonly logger: Logger;
  /** Default: counted for nobody, not traced. */
  readonly telemetry?: Telemetry;
  /** What INFO tells of the process's micro service. Default: nothing. */
  readonly metadata?: MicroServiceMetadata;
}

/** A server that does not answer must not keep a process from ending; what is not flushed by then is sent again by whoever follows. */
const FLUSH_MS = 2_000;

/** Connects; whoever opens the kernel disposes it, which flushes and closes the connection. */
export async function openKernel(options: KernelOptions): Promise<Kernel> {
  const { metrics, tracer } = options.telemetry ?? silentTelemetry();
  const connection = await connectNats(options);
  const publisher = new Publisher(connection);
  const blobs = createBlobs(connection);
  reportConsumerLag(connection, metrics);
  return {
    connection,
    publisher,
    tell: (subject, payload) => SendBuffer.of(connection).send(subject, payload),
    blobs,
    log: createLog(connection, publisher, blobs),
    tools: createToolDirectory(connection),
    suspects: createSuspects({ connection, publisher, logger: options.logger, instance: randomUUID() }),
    deadLetters: createDeadLetters(publisher, metrics),
    aborts: createAborts(connection),
    runs: createRunsView(connection, publisher),
    logger: options.logger,
    metrics,
    tracer,
    micro: createMicroService(connection, options.name, options.metadata ?? {}),
    async [Symbol.asyncDispose]() {
      const flushed = flush(connection).catch(() => undefined);
      await Promise.race([flushed, sleep(FLUSH_MS, undefined, { ref: false })]);
      publisher[Symbol.dispose]();
      await connection.close();
    },
  };
}

/** Twice, since what the first brings in (deliveries on their way to who has stopped) is answered, and that goes out with the second. */
async function flush(connection: NatsConnection): Promise<void> {
  const once = (): Promise<void> => {
    SendBuffer.of(connection).flush();
    return connection.flush();
  };
  await once();
  await once();
}
