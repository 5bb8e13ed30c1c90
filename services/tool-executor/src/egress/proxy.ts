// The forward proxy on loopback through which one browser job reaches the world: the guard decides, the proxy connects to
// the checked addresses and nowhere else. It remembers what it could not do, since a browser only tells that it failed.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { destination, unusableUrl } from '../policy/egress.ts';
import { ToolError } from '../tool.ts';
import type { EgressGuard } from './guard.ts';
import { unreachable } from './guard.ts';
import { connectTo, exchange } from './upstream.ts';

export interface EgressProxy extends AsyncDisposable {
  readonly url: string;
  /** Why the last connection for this URL did not come about, or undefined. */
  failureAt(url: string): ToolError | undefined;
}

/** Opens a proxy on a free port; disposing it cuts every connection through it. */
export async function openEgressProxy(guard: EgressGuard): Promise<EgressProxy> {
  const failures = new Map<string, ToolError>();
  const sockets = new Set<Socket>();
  const hold = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket));
  };

  /** Connects and lets `use` have the connection; whatever fails before an answer came is remembered. */
  async function reach(url: URL, use: (upstream: Socket) => Promise<void>): Promise<ToolError | undefined> {
    const port = portOf(url);
    const target = destination(url.hostname, port);
    try {
      const upstream = hold(await connectTo(await guard.addressesOf(url.hostname, port), url.hostname, port));
      if (!server.listening) upstream.destroy();
      await use(upstream);
      failures.delete(target);
      return undefined;
    } catch (error) {
      const failure = error instanceof ToolError ? error : unreachable(`${target} ${reasonOf(error)}.`);
      failures.set(target, failure);
      return failure;
    }
  }

  async function tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const text = `https://${request.url ?? ''}`;
    if (unusableUrl(text) !== undefined) {
      client.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
      return;
    }
    const failure = await reach(new URL(text), (upstream) => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      // From here on both ends speak for themselves: how a tunnel ends is no failure of ours.
      for (const [from, to] of [[client, upstream] as const, [upstream, client] as const])
        pipeline(from, to).catch(() => from.destroy());
      return Promise.resolve();
    });
    if (failure !== undefined)
      client.end(`HTTP/1.1 ${statusOf(failure)}\r\nconnection: close\r\n\r\n${failure.failure.message}`);
  }

  async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = request.url ?? '';
    if (unusableUrl(text) !== undefined || !text.startsWith('http:')) {
      response.writeHead(400).end();
      return;
    }
    const url = new URL(text);
    const failure = await reach(url, (upstream) => exchange({ request, response, url, upstream }));
    if (failure === undefined) return;
    if (response.headersSent) response.destroy();
    else response.writeHead(Number.parseInt(statusOf(failure), 10)).end(failure.failure.message);
  }

  const server = createServer((request, response) => void relay(request, response));
  server.on('connection', hold);
  server.on(
    'connect',
    (request: IncomingMessage, client: Duplex, head: Buffer) => void tunnel(request, client, head),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failureAt(text) {
      if (!URL.canParse(text)) return undefined;
      const url = new URL(text);
      return failures.get(destination(url.hostname, portOf(url)));
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const portOf = ({ port, protocol }: URL): number =>
  port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);

const statusOf = ({ failure }: ToolError): string =>
  failure.code === 'egress_refused' ? '403 Forbidden' : '502 Bad Gateway';

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no reason given';
  return `did not answer (${code})`;
}
