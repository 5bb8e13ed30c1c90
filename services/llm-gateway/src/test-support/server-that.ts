// A provider that answers as a test says, for what the simulator never does.
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Respond = (request: IncomingMessage, response: ServerResponse) => void;

export interface UpstreamServer extends AsyncDisposable {
  readonly server: Server;
  readonly url: string;
}

/** Responds once a request is there in whole. */
export async function serverThat(respond: Respond): Promise<UpstreamServer> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => respond(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

export const eventStream = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
};

/** One event as it stands in a stream: named by its type, where it has one. */
export function eventText(event: unknown, name?: string): string {
  const type = typeof event === 'object' && event !== null && 'type' in event ? event.type : name;
  return `${typeof type === 'string' ? `event: ${type}\n` : ''}data: ${JSON.stringify(event)}\n\n`;
}
