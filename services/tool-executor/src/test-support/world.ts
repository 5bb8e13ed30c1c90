// The world outside: an HTTP server that keeps every request that reached it.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Visit {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface World extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly visits: readonly Visit[];
}

export type Answer = (visit: Visit, response: ServerResponse) => void;

export const page =
  (html: string): Answer =>
  (_visit, response) =>
    response.setHeader('content-type', 'text/html').end(`<!doctype html><title>A page</title>${html}`);

/** Answers by path; a path without an answer is 404. */
export async function startWorld(answers: Record<string, Answer>): Promise<World> {
  const visits: Visit[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) body += chunk;
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      const visit = { method: request.method ?? '', path, headers: request.headers, body };
      if (path !== '/favicon.ico') visits.push(visit);
      const answer = answers[path];
      if (answer === undefined) response.writeHead(404).end();
      else answer(visit, response);
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    visits,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
