// What a process sends, handed to the client library once per turn of the event loop. The library writes to the socket after each
// microtask that published; many answers that arrive together are thus followed by many small writes, which were the largest
// single cost of a planner. Order is kept between what is sent; what may wait goes along with what is sent next.
import type { NatsConnection, PublishOptions } from 'nats';

interface Letter {
  readonly subject: string;
  readonly payload: Uint8Array | string;
  readonly options: PublishOptions | undefined;
  readonly onError: ((error: Error) => void) | undefined;
}

/** Far below every AckWait, and about as long as a step of a run takes: most acks go along with the next event. */
const MAY_WAIT_MS = 20;

const buffers = new WeakMap<NatsConnection, SendBuffer>();

export class SendBuffer {
  readonly #connection: NatsConnection;
  #letters: Letter[] = [];
  #waiting: Letter[] = [];
  #waitingEnds: NodeJS.Timeout | undefined;

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

  /** Sends with what is sent next on this connection, or after 20 ms: a write of its own would cost more than the message. */
  sendLater(subject: string, payload: Uint8Array | string): void {
    this.#waiting.push({ subject, payload, options: undefined, onError: undefined });
    if (this.#letters.length === 0) this.#waitingEnds ??= setTimeout(() => this.flush(), MAY_WAIT_MS);
  }

  /** Hands everything over now. */
  flush(): void {
    clearTimeout(this.#waitingEnds);
    this.#waitingEnds = undefined;
    const letters = this.#letters.concat(this.#waiting);
    this.#letters = [];
    this.#waiting = [];
    for (const { subject, payload, options, onError } of letters) {
      try {
        this.#connection.publish(subject, payload, options);
      } catch (error) {
        onError?.(error as Error);
      }
    }
  }
}
