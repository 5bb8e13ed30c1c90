// A run's events as they are stored, for people and clients: from the log itself, so that an attempt which the log refused is
// never shown. Services do not use this; they have durable consumers.
import { EventEmitter, on } from 'node:events';
import type { NatsConnection } from 'nats';
import { AckPolicy, DeliverPolicy } from 'nats';
import type { StoredEvent, WorkflowKey } from '@troupe/contracts';
import { decodeEvent, isTerminal, START, workflowFilter } from '@troupe/contracts';
import { RetryableError } from '../errors.ts';
import type { Delivery } from '../nats/delivery.ts';
import { PullConsumer } from '../nats/pull.ts';
import { LOG_STREAM } from '../provision/declared.ts';
import type { LogReader } from './read.ts';

/** Deliveries on their way to a reader that is slow. */
const SLOTS = 64;
const SECOND = 1e9;
/** What was lost with a connection is delivered again after this time, in nanoseconds. */
const ACK_WAIT = 2 * SECOND;
/** A consumer that nobody reads any more is removed by the server after this time, in nanoseconds. */
const FORGOTTEN_AFTER = 60 * SECOND;

/**
 * Yields the run's events from its first on, in order, each once, and ends behind the terminal event. A delivery only says how
 * far the log reaches: what was lost or overtaken on the way is read. Throws the signal's reason when it aborts, StartupError
 * `consumer_gone` if the server forgot the reader.
 */
export async function* follow(
  connection: NatsConnection,
  read: LogReader,
  key: WorkflowKey,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent> {
  signal.throwIfAborted();
  const manager = await connection.jetstreamManager();
  const { name } = await manager.consumers.add(LOG_STREAM, {
    ack_policy: AckPolicy.Explicit,
    ack_wait: ACK_WAIT,
    deliver_policy: DeliverPolicy.All,
    filter_subject: workflowFilter(key),
    inactive_threshold: FORGOTTEN_AFTER,
  });
  const arrivals = new EventEmitter<{ delivery: [Delivery]; error: [Error] }>();
  const deliveries = on(arrivals, 'delivery', { signal });
  using pull = new PullConsumer({
    connection,
    stream: LOG_STREAM,
    consumer: name,
    slots: SLOTS,
    onDelivery: (delivery) => arrivals.emit('delivery', delivery),
    onGone: (error) => arrivals.emit('error', error),
  });
  let last = START;
  for await (const [delivery] of deliveries as AsyncIterable<[Delivery]>) {
    pull.done();
    const event = decodeEvent(delivery);
    const { seq, sequence } = event.position;
    const news =
      sequence === last.sequence + 1
        ? [event]
        : await read.tail(last.seq, Math.max(seq, last.seq)).catch(unlessRetryable);
    // Without an ack it comes again, and is then tried again.
    if (news === undefined) continue;
    delivery.ack();
    for (const next of news) {
      last = next.position;
      yield next;
      if (isTerminal(next.type)) return;
    }
  }
}

function unlessRetryable(error: unknown): undefined {
  if (!(error instanceof RetryableError)) throw error;
}
