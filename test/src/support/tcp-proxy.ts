// A TCP proxy in front of a server, for the faults of a network: connections cut in the middle of whatever they carry.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy extends AsyncDisposable {
  readonly url: string;
  /** Cuts every connection now, with what is on its way in both directions. New ones are accepted. */
  cut(): void;
  /** Cuts every connection and, while `away`, every new one too. */
  refuse(away: boolean): void;
  /** Cuts every connection once `bytes` more bytes went from clients to the server, in the middle of a message. */
  cutAfter(bytes: number): void;
  /** Cuts every connection with the next answer of the server instead of passing it on. */
  cutNextAnswer(): void;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let allowance = Number.POSITIVE_INFINITY;
  let swallowAnswer = false;
  let refusing = false;

  const cut = (): void => {
    allowance = Number.POSITIVE_INFINITY;
    swallowAnswer = false;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const server = createServer((client) => {
    if (refusing) return void client.destroy();
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes: Buffer) => {
      upstream.write(bytes.subarray(0, allowance));
      allowance -= bytes.length;
      if (allowance <= 0) upstream.once('drain', cut).end(cut);
    });
    upstream.on('data', (bytes: Buffer) => {
      if (swallowAnswer) cut();
      else client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    refuse: (away) => {
      refusing = away;
      cut();
    },
    cutAfter: (bytes) => {
      allowance = bytes;
    },
    cutNextAnswer: () => {
      swallowAnswer = true;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
