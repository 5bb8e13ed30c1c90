// The one way to a NATS connection. The client reconnects for ever; whatever waits on the server bounds its own wait.
import type { ConnectionOptions, NatsConnection } from 'nats';
import { connect, NatsError } from 'nats';
import type { Failure } from '@troupe/contracts';
import { StartupError } from '../errors.ts';
import type { Logger } from '../logger.ts';

/**
 * Connects within 10 s, with the user and password, or the token, that the address names. Throws StartupError
 * `nats_unreachable`, `nats_unauthorized` or `invalid_configuration`. The caller closes.
 */
export async function connectNats(options: {
  url: string;
  name: string;
  logger: Logger;
}): Promise<NatsConnection> {
  const { name, logger } = options;
  const addresses = addressesIn(options.url);
  let connection: NatsConnection;
  try {
    connection = await connect({
      ...connectingTo(addresses),
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
    throw new StartupError(whyNot(cause, addresses), { cause });
  }
  void reportStatus(connection, logger);
  return connection;
}

function addressesIn(url: string): readonly [URL, ...URL[]] {
  try {
    const [first = '', ...others] = url.split(',');
    const parsed = (text: string): URL => new URL(text.includes('://') ? text : `nats://${text}`);
    return [parsed(first), ...others.map(parsed)];
  } catch {
    throw new StartupError({
      code: 'invalid_configuration',
      message: 'NATS_URL: is not an address.',
      hint: 'Name the server like nats://127.0.0.1:4222, several of a cluster with commas between them.',
    });
  }
}

/** The client library takes credentials and TLS as options and ignores them in addresses. */
function connectingTo(addresses: readonly [URL, ...URL[]]): ConnectionOptions {
  const [{ username, password, protocol }] = addresses;
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  return {
    servers: addresses.map(({ host }) => host),
    ...(user && pass ? { user, pass } : user ? { token: user } : {}),
    ...(protocol === 'tls:' ? { tls: {} } : {}),
  };
}

function whyNot(cause: unknown, addresses: readonly URL[]): Failure {
  const hosts = addresses.map(({ host }) => host).join(', ');
  return cause instanceof NatsError && cause.isAuthError()
    ? {
        code: 'nats_unauthorized',
        message: `The NATS server at ${hosts} refused the credentials.`,
        hint: 'Name them in NATS_URL: nats://user:password@host:4222.',
      }
    : {
        code: 'nats_unreachable',
        message: `No NATS server answers at ${hosts}.`,
        hint: 'Start one with `npm run dev`, or set NATS_URL.',
      };
}

async function reportStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const { type } of connection.status()) {
    const status: string = type;
    if (status === 'disconnect' || status === 'reconnect') logger.warn({ status }, 'nats connection');
  }
}
