// A run's events as they are stored, for people and clients: from the log itself, so that an attempt which the log refused is
// never shown. Services do not use this; they have durable consumers.

import { EventEmitter, on } from 'node:events';
import type { NatsConnection } from 'nats';
import { AckPolicy, DeliverPolicy } from 'nats';
import type { StoredEvent, WorkflowKey } from '@troupe/contracts';
import { decodeEvent, isTerminal, workflowFilter } from '@troupe/contracts';
import type { Delivery } from '../nats/delivery.ts';
import { PullConsumer } from '../nats/pull.ts';
import { LOG_STREAM } from '../provision/declared.ts';

/** Deliveries on their way to a reader that is slow. */
const SLOTS = 64;
/** A consumer that nobody reads any more is removed by the server after this time, in nanoseconds. */
const FORGOTTEN_AFTER = 60 * 1e9;

/**
 * Yields the run's events from its first on, in order, each once, and ends behind the terminal event. Throws the signal's
 * reason when it aborts, StartupError `consumer_gone` if the server forgot the reader.
 */
export async function* follow(
  connection: NatsConnection,
  key: WorkflowKey,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent> {
  signal.throwIfAborted();
  const manager = await connection.jetstreamManager();
  const { name } = await manager.consumers.add(LOG_STREAM, {
    ack_policy: AckPolicy.None,
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
  for await (const [delivery] of deliveries as AsyncIterable<[Delivery]>) {
    pull.done();
    const event = decodeEvent(delivery);
    yield event;
    if (isTerminal(event.type)) return;
  }
}
