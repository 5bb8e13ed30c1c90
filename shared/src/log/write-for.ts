// How a worker writes: events that its request caused, one behind the other, while the request is open.
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  DataOf,
  Envelope,
  EventDraft,
  EventId,
  MessageType,
  Position,
  StoredEvent,
} from '@troupe/contracts';
import { eventId } from '@troupe/contracts';
import { RetryableError } from '../errors.ts';
import type { Append, Appended } from './append.ts';
import { lastPosition } from './append.ts';

/** Written for a request before or beside its outcome (an intent, a notification). */
export type Written =
  | { readonly kind: 'appended' }
  | { readonly kind: 'present'; readonly event: StoredEvent }
  /** The request is closed: nothing was written, and nothing more should be done for it. */
  | { readonly kind: 'closed' };

/** Appends an event caused by the request; `name` tells it from the request's other events. */
export type Write = <Type extends MessageType>(
  type: Type,
  name: string,
  data: DataOf<Type>,
) => Promise<Written>;

/** Racing writers of one log refuse each other now and then; more often than this in a row is a bug. */
const MAX_CONFLICTS = 200;
/** Between two looks whether a full log has room again. */
const ROOM_PAUSE_MS = 1_000;

/**
 * A writer for `request`, whose first event goes behind `after`; `isClosedBy` is the rule that decides after a conflict.
 * `append` looks for an id only behind `after`, so what stands before it (`behind`, what was met in conflicts, what this
 * writer wrote itself) is remembered here: no event is ever written twice.
 */
export function writeFor(options: {
  readonly append: Append;
  readonly source: string;
  readonly request: Envelope;
  readonly after: Position;
  /** What is known to stand between the request and `after`. */
  readonly behind?: readonly StoredEvent[];
  readonly isClosedBy: (tail: readonly StoredEvent[]) => boolean;
  /** Of the work, so that what follows from its events finds it; by default that of the request. */
  readonly traceparent?: string | undefined;
  /**
   * While the log is full an event waits for room until this aborts, since doing the work again could cost money again.
   * Without it the writer throws `log_full`.
   */
  readonly signal?: AbortSignal;
}): Write {
  const { source, request, isClosedBy, signal } = options;
  const { user, workflow, correlationId, workflowType } = request;
  const traceparent = options.traceparent ?? request.traceparent;
  let after = options.after;
  const known = new Map<EventId, Written>();
  const remember = (events: readonly StoredEvent[]): void => {
    for (const event of events) known.set(event.id, { kind: 'present', event });
  };
  remember(options.behind ?? []);
  const append = async (draft: EventDraft, behind: Position): Promise<Appended> => {
    for (;;) {
      try {
        return await options.append(draft, { after: behind, ...(signal && { signal }) });
      } catch (error) {
        if (signal === undefined || !(error instanceof RetryableError) || error.code !== 'log_full')
          throw error;
        await sleep(ROOM_PAUSE_MS, undefined, { signal });
      }
    }
  };
  return async (type, name, data) => {
    const id = eventId(request.id, name);
    const draft = {
      type,
      data,
      id,
      source,
      user,
      workflow,
      correlationId,
      workflowType,
      traceparent,
      causationId: request.id,
    };
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
      const before = known.get(id);
      if (before !== undefined) return before;
      const result = await append(draft as EventDraft, after);
      switch (result.kind) {
        case 'appended':
          after = result.position;
          known.set(id, { kind: 'appended' });
          return { kind: 'appended' };
        case 'present':
          remember(result.tail);
          after = result.event.position;
          return { kind: 'present', event: result.event };
        case 'conflict':
          if (isClosedBy(result.tail)) return { kind: 'closed' };
          remember(result.tail);
          after = lastPosition(result.tail);
      }
    }
    throw new RetryableError('log_contended', `${type} met ${MAX_CONFLICTS} conflicts in a row.`);
  };
}
