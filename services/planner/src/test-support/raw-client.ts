// A client that writes the protocol by hand: it publishes any bytes and headers, as anybody can, in one order.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

export class RawClient implements Disposable {
  readonly #socket: Socket;

  /** `server` is host:port. */
  constructor(server: string) {
    const { hostname, port } = new URL(`nats://${server}`);
    this.#socket = connect(Number(port), hostname);
    this.#socket.write('CONNECT {"headers":true,"verbose":false,"pedantic":false}\r\n');
    // Who does not answer the server is cut off within a minute.
    this.#socket.on('data', (data) => {
      if (data.includes('PING')) this.#socket.write('PONG\r\n');
    });
  }

  publish(subject: string, headers: readonly string[], body: string | Uint8Array): void {
    const block = `NATS/1.0\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
    const [size, bytes] = [Buffer.byteLength(block), Buffer.from(body)];
    this.#socket.write(`HPUB ${subject} ${size} ${size + bytes.length}\r\n${block}`);
    this.#socket.write(bytes);
    this.#socket.write('\r\n');
  }

  /** Resolves when the server has taken everything that was published. */
  async flush(): Promise<void> {
    this.#socket.write('PING\r\n');
    for (let answer = ''; !answer.includes('PONG'); ) answer += String((await once(this.#socket, 'data'))[0]);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
