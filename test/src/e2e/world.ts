// The world outside the services: a page for the browser, and an endpoint that notifications reach. It counts every effect by
// itself, so that "none twice" is judged where it matters.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface World extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  /** Requests that reached `/notify`, by idempotency key, in order. */
  readonly notifications: readonly {
    readonly key: string;
    readonly body: { readonly workflow_id: string; readonly message: string };
  }[];
  /** How often the page was fetched. */
  readonly visits: () => number;
  /** Paths under `/never`, which is never answered, that somebody waits for now. */
  readonly waitedFor: () => readonly string[];
}

export interface WorldOptions {
  readonly html: string;
  /** How long a notification that was received waits for its answer. Default: not at all. */
  readonly notifyMs?: number;
}

export async function startWorld({ html, notifyMs = 0 }: WorldOptions): Promise<World> {
  const notifications: { key: string; body: { workflow_id: string; message: string } }[] = [];
  const waiting = new Set<{ readonly url: string }>();
  let visits = 0;
  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/notify') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as { workflow_id: string; message: string };
        notifications.push({ key: String(request.headers['idempotency-key']), body });
        setTimeout(() => response.writeHead(204).end(), notifyMs);
      });
      return;
    }
    if (request.url?.startsWith('/never') === true) {
      const waiter = { url: request.url };
      waiting.add(waiter);
      response.on('close', () => waiting.delete(waiter));
      return;
    }
    if (request.url !== '/favicon.ico') visits += 1;
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    notifications,
    visits: () => visits,
    waitedFor: () => [...waiting].map(({ url }) => url),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
