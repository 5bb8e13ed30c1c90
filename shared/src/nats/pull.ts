// Deliveries of one durable consumer, never more than the caller has room for. A pull asks for exactly the free slots, so
// no message waits in a client buffer while its AckWait runs out; one pull is out at a time, since a delivery does not say
// which pull it serves. Lost pulls (reconnect, new leader, restart) are noticed by missing heartbeats and asked for again.
import type { Msg, NatsConnection, Subscription } from 'nats';
import { createInbox } from 'nats';
import { z } from 'zod';
import { StartupError } from '../errors.ts';
import type { Delivery } from './delivery.ts';
import { deliveryOf } from './delivery.ts';
import { statusOf } from './headers.ts';
import { SendBuffer } from './send-buffer.ts';
import { connectionInboxPrefix } from './publisher.ts';

const PULL_EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 1_000;
const MISSED_HEARTBEATS = 3;
const TICK_MS = 250;
const LOOK_TIMEOUT_MS = 2_000;

/** The server's answer about a consumer (10014) or stream (10059) that does not exist. */
const NO_SUCH = new Set([10014, 10059]);
const Info = z.object({ error: z.object({ err_code: z.number(), description: z.string() }) });

interface Pull {
  readonly token: string;
  remaining: number;
  lastSign: number;
}

export interface PullOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly consumer: string;
  /** At most this many deliveries without `done`. */
  readonly slots: number;
  readonly onDelivery: (delivery: Delivery) => void;
  /** The consumer or the connection is gone: nothing will ever be delivered again. */
  readonly onGone: (error: StartupError) => void;
}

export class PullConsumer implements Disposable {
  readonly #options: PullOptions;
  readonly #timer: NodeJS.Timeout;
  #inbox = '';
  #subscription: Subscription | undefined;
  #pull: Pull | undefined;
  #inFlight = 0;
  #next = 0;
  #lastTick = performance.now();
  #connected = true;
  #looking = false;
  #doubting = false;
  #stopped = false;

  constructor(options: PullOptions) {
    this.#options = options;
    this.#renew();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    void this.#followConnection();
    void options.connection.closed().then(() => this.#gone('connection_closed', 'the connection was closed'));
    this.#fill();
  }

  /** One delivery is settled; its slot is free. */
  done(): void {
    this.#inFlight -= 1;
    this.#fill();
  }

  /** Asks for nothing more. What is on its way already is handed back, so that it is delivered elsewhere without delay. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#pull = undefined;
    if (!this.#options.connection.isClosed()) void this.#subscription?.drain().catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** A pull that may be lost, or may not, must never be served beside the next one: its inbox is given up with it. */
  #renew(): void {
    this.#forget();
    const { connection } = this.#options;
    this.#inbox = createInbox(connectionInboxPrefix(connection));
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
      },
    });
  }

  #forget(): void {
    this.#pull = undefined;
    if (!this.#options.connection.isClosed()) this.#subscription?.unsubscribe();
  }

  #fill(): void {
    const { connection, stream, consumer, slots } = this.#options;
    const free = slots - this.#inFlight;
    if (this.#stopped || !this.#connected || this.#pull !== undefined || free <= 0) return;
    this.#next += 1;
    const token = this.#next.toString(36);
    this.#pull = { token, remaining: free, lastSign: performance.now() };
    const request = { batch: free, expires: PULL_EXPIRES_MS * 1e6, idle_heartbeat: HEARTBEAT_MS * 1e6 };
    SendBuffer.of(connection).send(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      JSON.stringify(request),
      {
        reply: `${this.#inbox}.${token}`,
      },
    );
  }

  /** What comes to the inbox by name is the server's word about a pull; a delivery keeps the subject it was stored at. */
  #receive(message: Msg): void {
    if (message.subject.startsWith(this.#inbox)) return this.#status(message);
    if (message.reply === undefined) return;
    const delivery = deliveryOf(this.#options.connection, message, message.reply);
    if (this.#stopped) return delivery.nak(0);
    if (this.#pull !== undefined) {
      this.#pull.remaining -= 1;
      this.#pull.lastSign = performance.now();
      if (this.#pull.remaining <= 0) this.#pull = undefined;
    }
    this.#inFlight += 1;
    this.#options.onDelivery(delivery);
    this.#fill();
  }

  #status(message: Msg): void {
    if (message.subject.slice(this.#inbox.length + 1) !== this.#pull?.token) return;
    const { code, description } = statusOf(message) ?? { code: 0, description: '' };
    if (code === 100) {
      this.#pull.lastSign = performance.now();
      return;
    }
    // 404, 408, 409, 503: this pull is over. The tick asks again, so that an absent server is not asked in a loop.
    this.#pull = undefined;
    if (code === 409 && /consumer deleted/i.test(description)) this.#gone('consumer_gone', description);
    else if (code === 408 || code === 404) this.#fill();
    else if (code === 503) void this.#look();
  }

  /** Nobody answers for the consumer: the server is starting, or the consumer is no more. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { connection, stream, consumer } = this.#options;
    const reply = await connection
      .request(`$JS.API.CONSUMER.INFO.${stream}.${consumer}`, '', { timeout: LOOK_TIMEOUT_MS })
      .then((message) => Info.safeParse(message.json()).data)
      .catch(() => undefined);
    this.#looking = false;
    if (reply !== undefined && NO_SUCH.has(reply.error.err_code))
      this.#gone('consumer_gone', reply.error.description);
  }

  #gone(code: 'consumer_gone' | 'connection_closed', why: string): void {
    if (this.#stopped) return;
    const { stream, consumer, onGone } = this.#options;
    this.stop();
    const error = new StartupError({
      code,
      message: `The consumer ${consumer} of ${stream} cannot be followed any longer: ${why}.`,
      hint:
        code === 'consumer_gone'
          ? 'Run the provisioning job, then start this service again.'
          : 'Look at the log of nats-server for the reason; then start this service again.',
    });
    // Whatever it throws must not reach the client library: its reader would end without a word.
    queueMicrotask(() => onGone(error));
  }

  #tick(): void {
    const now = performance.now();
    // After a standstill of this process the signs of life may wait unread in the socket.
    const stoodStill = now - this.#lastTick > HEARTBEAT_MS;
    this.#lastTick = now;
    if (this.#pull !== undefined && this.#connected) {
      if (stoodStill) this.#pull.lastSign = now;
      else if (isSilent(this.#pull)) void this.#doubt(this.#pull);
    }
    this.#fill();
  }

  /** A busy process reads the signs of life late: what was sent before the answer to a ping has been read when it comes. */
  async #doubt(pull: Pull): Promise<void> {
    if (this.#doubting) return;
    this.#doubting = true;
    await this.#options.connection.flush().catch(() => undefined);
    this.#doubting = false;
    if (this.#stopped || this.#pull !== pull || !isSilent(pull)) return;
    this.#renew();
    this.#fill();
  }

  /** What is sent while there is no connection is lost; what was asked for before is asked for anew. */
  async #followConnection(): Promise<void> {
    for await (const { type } of this.#options.connection.status()) {
      if (this.#stopped) return;
      const status: string = type;
      if (status !== 'disconnect' && status !== 'reconnect') continue;
      this.#connected = status === 'reconnect';
      if (!this.#connected) this.#renew();
      this.#fill();
    }
  }
}

const isSilent = ({ lastSign }: Pull): boolean =>
  lastSign < performance.now() - HEARTBEAT_MS * MISSED_HEARTBEATS;
