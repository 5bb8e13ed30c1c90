// A TCP proxy that hands a server's answers on late: what its clients sent is done before they hear of it.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface SlowProxy extends AsyncDisposable {
  readonly url: string;
}

/** `lateMs`: how long every answer takes on top. */
export async function startSlowProxy(target: string, lateMs: number): Promise<SlowProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (bytes: Buffer) => {
      setTimeout(() => client.writable && client.write(bytes), lateMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
