// The one way to a NATS connection. The client reconnects for ever; whatever waits on the server bounds its own wait.
import type { NatsConnection } from 'nats';
import { connect } from 'nats';
import { StartupError } from '../errors.ts';
import type { Logger } from '../logger.ts';

/** Connects within 10 s. Throws StartupError `nats_unreachable`. The caller closes. */
export async function connectNats(options: {
  url: string;
  name: string;
  logger: Logger;
}): Promise<NatsConnection> {
  const { url, name, logger } = options;
  let connection: NatsConnection;
  try {
    connection = await connect({
      servers: url.split(','),
      name,
      inboxPrefix: `_INBOX_${name.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`,
      timeout: 10_000,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      reconnectJitter: 100,
      pingInterval: 20_000,
      maxPingOut: 2,
      // An Error with a stack per request is half of the client's cost of a publish.
      noAsyncTraces: true,
    });
  } catch (cause) {
    throw new StartupError(
      {
        code: 'nats_unreachable',
        message: `No NATS server answers at ${withoutCredentials(url)}.`,
        hint: 'Start one with `npm run dev`, or set NATS_URL.',
      },
      { cause },
    );
  }
  void reportStatus(connection, logger);
  return connection;
}

async function reportStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const { type } of connection.status()) {
    const status: string = type;
    if (status === 'disconnect' || status === 'reconnect') logger.warn({ status }, 'nats connection');
  }
}

const withoutCredentials = (url: string): string => url.replaceAll(/\/\/[^@/]*@/g, '//');
