// What the server itself gave up: it delivers a message a bounded number of times, and then only says so, in an advisory that is kept
// in the stream of dead letters. This reads the advisory, and the message that it tells of.
import type { NatsConnection } from 'nats';
import { NatsError } from 'nats';
import { z } from 'zod';
import type { Failure, RawMessage } from '@troupe/contracts';
import { RetryableError, TerminalError } from './errors.ts';
import type { Delivery } from './nats/delivery.ts';
import { parseJson } from './parse-json.ts';

export interface GivenUp {
  readonly stream: string;
  readonly consumer: string;
  readonly attempts: number;
  /** Undefined where the message is no longer stored. */
  readonly message: RawMessage | undefined;
  readonly failure: Failure;
}

const Advisory = z.object({
  stream: z.string(),
  consumer: z.string(),
  stream_seq: z.int().positive(),
  deliveries: z.int().positive(),
});

/** The server's word for a message that is not there. */
const NO_MESSAGE = 10037;

/** Throws TerminalError `invalid_advisory`, RetryableError `stream_unreadable`. */
export async function readGivenUp(connection: NatsConnection, delivery: Delivery): Promise<GivenUp> {
  const advisory = Advisory.safeParse(parseJson(delivery.body)).data;
  if (advisory === undefined) {
    throw new TerminalError({
      code: 'invalid_advisory',
      message: `What is stored at ${delivery.subject} is no advisory of the server.`,
      hint: 'Only the server may publish at $JS.EVENT.>; check the permissions.',
    });
  }
  const { stream, consumer, stream_seq: seq, deliveries: attempts } = advisory;
  return {
    stream,
    consumer,
    attempts,
    message: await read(connection, stream, seq),
    failure: {
      code: 'never_settled',
      message: `The message was delivered ${attempts} times to ${consumer}; no worker lived to say what became of it.`,
      hint: 'See how the workers ended: out of memory, killed, or a handler that blocks the process.',
    },
  };
}

async function read(
  connection: NatsConnection,
  stream: string,
  seq: number,
): Promise<RawMessage | undefined> {
  try {
    const { streams } = await connection.jetstreamManager();
    const { subject, header, data, time } = await streams.getMessage(stream, { seq });
    return {
      subject,
      body: data,
      seq,
      storedAt: time.getTime(),
      header: (name) => header.get(name) || undefined,
    };
  } catch (cause) {
    if (cause instanceof NatsError && cause.api_error?.err_code === NO_MESSAGE) return undefined;
    throw new RetryableError('stream_unreadable', `A message of ${stream} could not be read.`, { cause });
  }
}
