// Deliveries of one durable consumer, never more than the caller has room for. A pull asks for exactly the free slots, so
// no message waits in a client buffer while its AckWait runs out. Lost pulls (reconnect, new leader, restart) are noticed
// by missing heartbeats and asked for again.
import type { Msg, NatsConnection } from 'nats';
import { createInbox } from 'nats';
import type { RawMessage } from '@troupe/contracts';
import { StartupError } from '../errors.ts';
import { connectionInboxPrefix } from './publisher.ts';

const PULL_EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 1_000;
const MISSED_HEARTBEATS = 3;
const TICK_MS = 250;

/** A message with the means to settle it. Settling twice or too late is harmless. */
export interface Delivery extends RawMessage {
  /** 1 on the first delivery. */
  readonly attempt: number;
  ack(): void;
  /** Asks for redelivery after `delayMs`. */
  nak(delayMs: number): void;
  /** Restarts AckWait. */
  working(): void;
}

interface Pull {
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
  /** The consumer is gone: nothing will ever be delivered again. */
  readonly onGone: (error: StartupError) => void;
}

export class PullConsumer implements Disposable {
  readonly #options: PullOptions;
  readonly #inbox: string;
  readonly #pulls = new Map<string, Pull>();
  readonly #subscription: { unsubscribe(): void };
  readonly #timer: NodeJS.Timeout;
  #inFlight = 0;
  #next = 0;
  #stopped = false;

  constructor(options: PullOptions) {
    this.#options = options;
    this.#inbox = createInbox(connectionInboxPrefix(options.connection));
    this.#subscription = options.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
      },
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    void this.#followReconnects();
    this.#fill();
  }

  /** One delivery is settled; its slot is free. */
  done(): void {
    this.#inFlight -= 1;
    this.#fill();
  }

  /** Asks for nothing more. What was asked for and still arrives is left to its AckWait. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    if (!this.#options.connection.isClosed()) this.#subscription.unsubscribe();
    this.#pulls.clear();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #fill(): void {
    if (this.#stopped) return;
    let asked = 0;
    for (const pull of this.#pulls.values()) asked += pull.remaining;
    const free = this.#options.slots - this.#inFlight - asked;
    // A few large pulls are cheaper than many of one message; an idle consumer always has one out.
    if (free <= 0 || (asked > 0 && free < this.#options.slots / 4)) return;
    this.#next += 1;
    const token = this.#next.toString(36);
    this.#pulls.set(token, { remaining: free, lastSign: performance.now() });
    const request = { batch: free, expires: PULL_EXPIRES_MS * 1e6, idle_heartbeat: HEARTBEAT_MS * 1e6 };
    const { connection, stream, consumer } = this.#options;
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(request), {
      reply: `${this.#inbox}.${token}`,
    });
  }

  #receive(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const pull = this.#pulls.get(token);
    const code = message.data.length === 0 ? (message.headers?.code ?? 0) : 0;
    if (code >= 100) return this.#status(token, code, message.headers?.description ?? '');
    if (this.#stopped || message.reply === undefined) return;
    if (pull !== undefined) {
      pull.remaining -= 1;
      pull.lastSign = performance.now();
      if (pull.remaining <= 0) this.#pulls.delete(token);
    }
    this.#inFlight += 1;
    this.#options.onDelivery(deliveryOf(this.#options.connection, message, message.reply));
  }

  #status(token: string, code: number, description: string): void {
    const pull = this.#pulls.get(token);
    if (code === 100) {
      if (pull !== undefined) pull.lastSign = performance.now();
      return;
    }
    // 404, 408, 409, 503: this pull is over. The tick asks again, so that an absent server is not asked in a loop.
    this.#pulls.delete(token);
    if (code === 409 && /consumer deleted/i.test(description)) this.#gone(description);
    else if (code === 408 || code === 404) this.#fill();
  }

  #gone(description: string): void {
    const { stream, consumer } = this.#options;
    this.stop();
    this.#options.onGone(
      new StartupError({
        code: 'consumer_gone',
        message: `The consumer ${consumer} of ${stream} no longer exists (${description}).`,
        hint: 'Run the provisioning job, then start this service again.',
      }),
    );
  }

  #tick(): void {
    const oldest = performance.now() - HEARTBEAT_MS * MISSED_HEARTBEATS;
    for (const [token, pull] of this.#pulls) if (pull.lastSign < oldest) this.#pulls.delete(token);
    this.#fill();
  }

  async #followReconnects(): Promise<void> {
    for await (const status of this.#options.connection.status()) {
      if (this.#stopped) return;
      if ((status.type as string) !== 'reconnect') continue;
      this.#pulls.clear();
      this.#fill();
    }
  }
}

const ACK = new TextEncoder().encode('+ACK');
const WORKING = new TextEncoder().encode('+WPI');

function deliveryOf(connection: NatsConnection, message: Msg, reply: string): Delivery {
  const { attempt, seq, storedAt } = parseReply(reply);
  const send = (payload: Uint8Array | string): void => {
    if (!connection.isClosed()) connection.publish(reply, payload);
  };
  return {
    subject: message.subject,
    header: (name) => {
      const value = message.headers?.get(name);
      return value === '' ? undefined : value;
    },
    body: message.data,
    seq,
    storedAt,
    attempt,
    ack: () => send(ACK),
    nak: (delayMs) => send(`-NAK {"delay":${Math.round(delayMs * 1e6)}}`),
    working: () => send(WORKING),
  };
}

/**
 * The facts in an ack subject: `$JS.ACK.<stream>.<consumer>.<attempt>.<seq>.<consumer seq>.<nanoseconds>.<pending>`, or the form
 * with domain and account hash before the stream. The time is cut from its digits: as a number it would lose precision.
 */
export function parseReply(reply: string): { attempt: number; seq: number; storedAt: number } {
  const tokens = reply.split('.');
  const at = tokens.length > 9 ? 6 : 4;
  return {
    attempt: Number(tokens[at]),
    seq: Number(tokens[at + 1]),
    storedAt: Number((tokens[at + 3] ?? '').slice(0, -6)),
  };
}
