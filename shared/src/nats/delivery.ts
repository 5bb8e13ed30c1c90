// One delivery of a durable consumer: the stored message, which attempt this is, and the means to settle it.
import type { Msg, NatsConnection } from 'nats';
import type { RawMessage } from '@troupe/contracts';
import { headerReader } from './headers.ts';
import { SendBuffer } from './send-buffer.ts';

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

const ACK = new TextEncoder().encode('+ACK');
const WORKING = new TextEncoder().encode('+WPI');

/** What a delivered message is to a handler; `reply` is its ack subject. */
export function deliveryOf(connection: NatsConnection, message: Msg, reply: string): Delivery {
  const { attempt, seq, storedAt } = parseReply(reply);
  const send = (payload: Uint8Array | string): void => SendBuffer.of(connection).send(reply, payload);
  return {
    subject: message.subject,
    header: headerReader(message),
    body: message.data,
    seq,
    storedAt,
    attempt,
    // Handled twice because its process died meanwhile is what every handler expects.
    ack: () => SendBuffer.of(connection).sendLater(reply, ACK),
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
