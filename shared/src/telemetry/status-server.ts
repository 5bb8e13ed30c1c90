// How a process is looked at from outside: /metrics for Prometheus, /livez (the event loop answers), /readyz (it takes work),
// /healthz as another name of /livez. Whatever goes wrong here, the service itself works on.
import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import { describeBug } from '../errors.ts';
import type { Logger } from '../logger.ts';

export interface StatusOptions {
  readonly host: string;
  /** The first port that is tried. */
  readonly port: number;
  readonly registry: Registry;
  /** Why the process takes no work now; undefined if it does. */
  readonly unready: () => Promise<string | undefined>;
  readonly logger: Logger;
}

export interface StatusServer extends AsyncDisposable {
  /** Of /metrics; undefined where no port was to be had. */
  readonly metricsUrl: string | undefined;
}

/** One host runs no more processes than this. */
const PORTS = 100;
const LAST_PORT = 65_535;

/** Listens on `port`, or the next one that is free. Never rejects: what is wrong stands in the log. */
export async function startStatusServer(options: StatusOptions): Promise<StatusServer> {
  const { host, port, logger } = options;
  const found = await firstFree(answering(options), host, port).catch((error: unknown) => {
    logger.error(
      { err: error, code: 'metrics_unavailable', hint: HINT },
      'metrics and health are not served',
    );
    return undefined;
  });
  if (found === undefined) return { metricsUrl: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  const { server } = found;
  return {
    metricsUrl: `http://${inUrl(host)}:${found.port}/metrics`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

const HINT =
  'Set AGENT_METRICS_PORT to the first of some free ports, and AGENT_METRICS_HOST to an address of this machine.';

async function firstFree(
  answer: RequestListener,
  host: string,
  first: number,
): Promise<{ readonly server: Server; readonly port: number }> {
  for (let port = first; ; port += 1) {
    // A server for each try: one that failed to listen keeps what waited for it.
    const server = createServer(answer).unref();
    try {
      server.listen({ host, port, exclusive: true });
      await once(server, 'listening');
      // A connection that cannot be accepted (no more file descriptors) must not end the service.
      server.on('error', () => undefined);
      return { server, port };
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!taken || port + 1 >= first + PORTS || port >= LAST_PORT) throw error;
    }
  }
}

const TEXT = 'text/plain; charset=utf-8';

function answering({ registry, unready, logger }: StatusOptions): RequestListener {
  const answers: Record<string, () => Promise<readonly [status: number, type: string, body: string]>> = {
    '/metrics': async () => [200, registry.contentType, await registry.metrics()],
    '/livez': () => Promise.resolve([200, TEXT, 'alive\n']),
    '/healthz': () => Promise.resolve([200, TEXT, 'alive\n']),
    '/readyz': async () => {
      const why = await unready();
      return why === undefined ? [200, TEXT, 'ready\n'] : [503, TEXT, `${why}\n`];
    },
  };
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
    const answered = answer?.() ?? Promise.resolve([404, TEXT, 'not found\n'] as const);
    answered
      .catch((error: unknown) => {
        logger.warn({ err: error, path }, 'a look at the status failed');
        return [500, TEXT, `${describeBug(error).code}\n`] as const;
      })
      .then(([status, type, body]) => response.writeHead(status, { 'content-type': type }).end(body))
      .catch(() => response.destroy());
  };
}
