// What a process sends, handed to the client library once per turn of the event loop. The library writes to the socket after each
// microtask that published; many answers that arrive together are thus followed by many small writes, which were the largest
// single cost of a planner. Order is kept.
import type { NatsConnection, PublishOptions } from 'nats';

interface Letter {
  readonly subject: string;
  readonly payload: Uint8Array | string;
  readonly options: PublishOptions | undefined;
  readonly onError: ((error: Error) => void) | undefined;
}

const buffers = new WeakMap<NatsConnection, SendBuffer>();

export class SendBuffer {
  readonly #connection: NatsConnection;
  #letters: Letter[] = [];

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** The buffer of a connection: one for all that send on it, so that order is kept between them. */
  static of(connection: NatsConnection): SendBuffer {
    const known = buffers.get(connection);
    if (known !== undefined) return known;
    const buffer = new SendBuffer(connection);
    buffers.set(connection, buffer);
    return buffer;
  }

  /** Sends in this turn of the event loop. What the client library refuses goes to `onError`; on a closed connection nothing is sent. */
  send(
    subject: string,
    payload: Uint8Array | string,
    options?: PublishOptions,
    onError?: (error: Error) => void,
  ): void {
    this.#letters.push({ subject, payload, options, onError });
    if (this.#letters.length === 1) setImmediate(() => this.flush());
  }

  /** Hands everything over now. */
  flush(): void {
    const letters = this.#letters;
    this.#letters = [];
    for (const { subject, payload, options, onError } of letters) {
      try {
        this.#connection.publish(subject, payload, options);
      } catch (error) {
        onError?.(error as Error);
      }
    }
  }
}
