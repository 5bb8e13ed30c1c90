// The proxy's side towards the world: a connection to checked addresses, and one HTTP exchange over it.
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { request as send } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;

/** Connects to one of `addresses`, whatever `host` resolves to by now. Rejects after 10 s. */
export async function connectTo(
  addresses: readonly LookupAddress[],
  host: string,
  port: number,
): Promise<Socket> {
  const socket = connect({
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port,
    autoSelectFamily: true,
    lookup: (_host, _options, answer) => answer(null, [...addresses]),
  });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.on('error', () => socket.destroy());
  socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy());
  return socket;
}

/** Sends `request` over `upstream` and the answer back. Rejects if no whole answer came. */
export async function exchange(parts: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly upstream: Socket;
}): Promise<void> {
  const { request, response, url, upstream } = parts;
  const outgoing = send({
    createConnection: () => upstream,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: { ...endToEnd(request.headers), connection: 'close' },
  });
  // A server may answer before it has read everything: the answer decides.
  pipeline(request, outgoing).catch(() => outgoing.destroy());
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.writeHead(incoming.statusCode ?? 502, endToEnd(incoming.headers));
  await pipeline(incoming, response);
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const endToEnd = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
