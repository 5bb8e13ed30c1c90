// The actor loop: pull, handle, ack; a failure's kind becomes ack, nak or dead letter as settle.ts says.
// Work in progress is heartbeaten from a timer, so that slow work is not delivered twice.
import type { NatsConnection } from 'nats';
import type { Failure } from '@troupe/contracts';
import type { DeadLetters } from './dead-letters.ts';
import type { Logger } from './logger.ts';
import type { Delivery } from './nats/delivery.ts';
import { PullConsumer } from './nats/pull.ts';
import { settle } from './settle.ts';
import type { Suspects } from './suspects.ts';
import { handling } from './telemetry/current.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface ActorOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly consumer: string;
  /** Deliveries handled at once by this process. */
  readonly concurrency: number;
  /** The consumer's AckWait, from its declaration. */
  readonly ackWaitMs: number;
  /** Attempts after which a failing delivery is dead-lettered. */
  readonly maxAttempts: number;
  readonly deadLetters: DeadLetters;
  readonly suspects: Suspects;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Resolves when the delivery is done with and may be acked. The signal aborts when draining takes too long. */
  readonly handle: (delivery: Delivery, signal: AbortSignal) => Promise<void>;
  /** Called before a dead-lettered delivery is acked: tells whoever waits. May fail; the delivery is then tried again. */
  readonly onDead?: (delivery: Delivery, failure: Failure, signal: AbortSignal) => Promise<void>;
  /** The loop cannot go on (the consumer is gone). */
  readonly onFatal: (error: Error) => void;
}

export interface Actor {
  /** Stops pulling, waits up to `graceMs` for what is in progress, then aborts it. Unfinished deliveries come again elsewhere. */
  drain(graceMs: number): Promise<void>;
}

export function startActor(options: ActorOptions): Actor {
  const { logger, metrics, onDead, deadLetters, consumer } = options;
  const inUse = { stream: options.stream, consumer };
  metrics.consumers.add(inUse);
  /** By sequence in the stream: a delivery that comes again while it is in progress is left to the one in progress. */
  const inProgress: InProgress = new Map();
  const abort = new AbortController();
  let idle: (() => void) | undefined;

  const pull = new PullConsumer({
    connection: options.connection,
    stream: options.stream,
    consumer,
    slots: options.concurrency,
    onDelivery: (delivery) => void handling(delivery, () => run(delivery)),
    onGone: options.onFatal,
  });
  const heartbeat = keepAlive(inProgress, Math.min(5_000, options.ackWaitMs / 4));

  async function run(delivery: Delivery): Promise<void> {
    if (inProgress.has(delivery.seq)) {
      pull.done();
      return;
    }
    inProgress.set(delivery.seq, { delivery, startedAt: performance.now() });
    try {
      await options.suspects.handle(consumer, delivery, () => options.handle(delivery, abort.signal));
      delivery.ack();
      metrics.eventProcessed(delivery.subject, 'ok');
    } catch (error) {
      await settleFailure(delivery, error).catch((again: unknown) => {
        logger.error(
          { err: again, subject: delivery.subject },
          'a failed delivery could not be settled; it comes again',
        );
      });
    } finally {
      inProgress.delete(delivery.seq);
      pull.done();
      if (inProgress.size === 0) idle?.();
    }
  }

  async function settleFailure(delivery: Delivery, error: unknown): Promise<void> {
    // A drained actor's aborted work is no failure of the message: it comes again, elsewhere.
    if (abort.signal.aborted) {
      delivery.nak(0);
      return;
    }
    const settlement = settle(error, delivery.attempt, options.maxAttempts);
    const { subject, seq, attempt } = delivery;
    logger.warn({ subject, seq, attempt, settlement, err: error }, 'delivery failed');
    switch (settlement.kind) {
      case 'retry': {
        delivery.nak(settlement.delayMs);
        metrics.eventProcessed(subject, 'retried');
        return;
      }
      case 'bury': {
        await deadLetters.put(consumer, delivery, settlement.failure);
        await onDead?.(delivery, settlement.failure, abort.signal);
        delivery.ack();
        metrics.eventProcessed(subject, 'dead');
        return;
      }
    }
  }

  return {
    async drain(graceMs) {
      pull.stop();
      if (inProgress.size > 0) {
        const emptied = new Promise<void>((resolve) => {
          idle = resolve;
        });
        const timer = setTimeout(() => abort.abort(new Error('draining took too long')), graceMs);
        await Promise.race([emptied, new Promise((resolve) => setTimeout(resolve, graceMs + 2_000).unref())]);
        clearTimeout(timer);
      }
      clearInterval(heartbeat);
      metrics.consumers.delete(inUse);
    },
  };
}

type InProgress = Map<number, { readonly delivery: Delivery; readonly startedAt: number }>;

/** Restarts AckWait of what has been in progress for `everyMs`, again and again, so that slow work is not delivered twice. */
function keepAlive(inProgress: InProgress, everyMs: number): NodeJS.Timeout {
  return setInterval(() => {
    const before = performance.now() - everyMs;
    for (const { delivery, startedAt } of inProgress.values()) if (startedAt < before) delivery.working();
  }, everyMs).unref();
}
