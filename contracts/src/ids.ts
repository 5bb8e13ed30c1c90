// Branded identifiers. They stand in NATS subjects, so their alphabet is closed: no dots, wildcards or spaces.
import { hash } from 'node:crypto';
import { z } from 'zod';

/** The alphabet of every id that stands in a subject; ids are opaque (no e-mail addresses). */
export const SUBJECT_ID = /^[A-Za-z0-9_-]{1,64}$/;

const subjectId = z.string().regex(SUBJECT_ID, 'must be 1 to 64 characters of A-Z a-z 0-9 _ -');

export const UserId = subjectId.brand<'UserId'>();
export type UserId = z.infer<typeof UserId>;

export const WorkflowId = subjectId.brand<'WorkflowId'>();
export type WorkflowId = z.infer<typeof WorkflowId>;

export const EVENT_ID = /^[0-9a-f]{32}$/;
export const EventId = z.string().regex(EVENT_ID).brand<'EventId'>();
export type EventId = z.infer<typeof EventId>;

/** Visible ASCII, so that it needs no escaping in a header. */
export const CORRELATION_ID = /^[A-Za-z0-9._:/-]{1,128}$/;

/** Follows a request through services, provider calls and tool calls. */
export const CorrelationId = z
  .string()
  .regex(CORRELATION_ID, 'must be 1 to 128 characters of A-Z a-z 0-9 . _ : / -');
export type CorrelationId = z.infer<typeof CorrelationId>;

/** The workflow that an event belongs to: one user's, one log. */
export interface WorkflowKey {
  readonly user: UserId;
  readonly workflow: WorkflowId;
}

/**
 * The deterministic event id: the first 128 bits of sha256 over `<causation id>/<name>`. Whoever repeats a step
 * for the same cause writes the same id, which is how a repeated write is recognised.
 */
export function eventId(causationId: string, name: string): EventId {
  return hash('sha256', `${causationId}/${name}`, 'hex').slice(0, 32) as EventId;
}
