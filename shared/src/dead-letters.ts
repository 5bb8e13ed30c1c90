// Where messages go that nobody could handle: stream AGENTS_DEAD, with the original subject, body, reason and attempts.
import type { Failure } from '@troupe/contracts';
import { deadSubject, UserId, WorkflowId } from '@troupe/contracts';
import { z } from 'zod';
import { RetryableError } from './errors.ts';
import type { Delivery } from './nats/delivery.ts';
import type { Publisher } from './nats/publisher.ts';
import { parseJson } from './parse-json.ts';
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
      ...(body.length > BODY_BYTES ? namedIn(body) : {}),
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

const Request = z.object({
  user_id: UserId.optional().catch(undefined),
  workflow_id: WorkflowId.optional().catch(undefined),
});
const StructuredEvent = z.object({ specversion: z.literal('1.0'), data: z.unknown() });

/** Whom a request names that is about to be cut: it must be found when its user is forgotten. */
function namedIn(body: Uint8Array): { user?: UserId | undefined; workflow?: WorkflowId | undefined } {
  const json = parseJson(body);
  const event = StructuredEvent.safeParse(json);
  const request = Request.safeParse(event.success ? event.data.data : json).data;
  return { user: request?.user_id, workflow: request?.workflow_id };
}
