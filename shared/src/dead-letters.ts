// Where messages go that nobody could handle: stream AGENTS_DEAD, with the original subject, body, reason and attempts.
import type { Failure } from '@troupe/contracts';
import { deadSubject } from '@troupe/contracts';
import { RetryableError } from './errors.ts';
import type { Delivery } from './nats/delivery.ts';
import type { Publisher } from './nats/publisher.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface DeadLetters {
  /** Stores the letter. Throws RetryableError `dead_letter_unwritable`: the delivery then comes again. */
  put(
    consumer: string,
    delivery: Pick<Delivery, 'subject' | 'seq' | 'body' | 'attempt'>,
    failure: Failure,
  ): Promise<void>;
}

/** Bodies above this are cut: the letter must fit beside its reason. */
const BODY_BYTES = 256 * 1024;

export const createDeadLetters = (publisher: Publisher, metrics: Metrics): DeadLetters => ({
  async put(consumer, { subject, seq, body, attempt }, failure) {
    const letter = {
      consumer,
      subject,
      seq,
      attempts: attempt,
      error: failure,
      body_base64: Buffer.from(body.subarray(0, BODY_BYTES)).toString('base64'),
      body_bytes: body.length,
    };
    const outcome = await publisher.publish(deadSubject(consumer), {}, JSON.stringify(letter), 5_000);
    if (outcome.kind !== 'stored') {
      throw new RetryableError(
        'dead_letter_unwritable',
        `A dead letter could not be stored (${outcome.kind}).`,
      );
    }
    metrics.deadLetter(consumer);
  },
});
