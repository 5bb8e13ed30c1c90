// `append`, the only way to write the log: compare-and-set on the workflow's last sequence, with a deterministic id.
//  A1  `after` is the position of the cause (worker) or of the fold (planner), never a freshly read last sequence:
//      the own id is looked for only behind `after`.
//  A2  No answer means "unknown": the same id with the same `after` again, for as long as a lost leader takes and more.
//  A3  A refusal is answered by reading the tail. Own id there: done. Otherwise the caller decides; never a blind retry.
import type { EventDraft, Position, StoredEvent } from '@troupe/contracts';
import { encodeEvent, EXPECTED_LAST, INLINE_TEXT_BYTES, isTerminal, workflowFilter } from '@troupe/contracts';
import { RetryableError, TerminalError } from '../errors.ts';
import type { Publisher, PublishOutcome } from '../nats/publisher.ts';
import type { LogReader } from './read.ts';

export type Appended =
  /** Stored by this call. */
  | { readonly kind: 'appended'; readonly position: Position }
  /** The same event was stored before, by an earlier attempt or by somebody who did the same step. */
  | { readonly kind: 'present'; readonly event: StoredEvent; readonly tail: readonly StoredEvent[] }
  /** Others wrote in between and the event is not among what they wrote: their events, oldest first, never empty. */
  | { readonly kind: 'conflict'; readonly tail: readonly StoredEvent[] };

/** A lost leader of a replicated stream takes about 5 s; the bound leaves room for several. */
const UNKNOWN_FOR_MS = 30_000;
const ATTEMPT_TIMEOUT_MS = 5_000;
const PAUSE_MS = 100;

/** UTF-8 of a UTF-16 code unit: a body that is short holds no text that is too long. */
const MAX_BYTES_PER_UNIT = 3;

export interface Append {
  /**
   * Appends `draft` if nothing was written behind `after`. Exactly one of racing writers of one id stores it.
   * Throws RetryableError `log_unavailable` (30 s without a decision; the event may be stored) or `log_full`.
   */
  (
    draft: EventDraft,
    options: { readonly after: Position; readonly signal?: AbortSignal },
  ): Promise<Appended>;
}

export interface AppendDependencies {
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly reader: LogReader;
  /** Moves texts that are too large for the event into the object store. */
  readonly offload: (draft: EventDraft) => Promise<EventDraft>;
  readonly now: () => Date;
}

export function createAppend({ publisher, reader, offload, now }: AppendDependencies): Append {
  return async (given, { after, signal }) => {
    const sequence = after.sequence + 1;
    const whole = encodeEvent(given, sequence, now());
    const fits = whole.body.length * MAX_BYTES_PER_UNIT <= INLINE_TEXT_BYTES;
    const { subject, headers, body } = fits ? whole : encodeEvent(await offload(given), sequence, now());
    headers[EXPECTED_LAST] = String(after.seq);
    headers[`${EXPECTED_LAST}-Subject`] = workflowFilter(given);
    for (const startedAt = performance.now(); ; ) {
      const outcome = await publisher.publish(subject, headers, body, ATTEMPT_TIMEOUT_MS);
      const decided = await decide(outcome);
      if (decided !== undefined) return decided;
      signal?.throwIfAborted();
      if (performance.now() - startedAt > UNKNOWN_FOR_MS) {
        throw new RetryableError(
          'log_unavailable',
          `No decision about ${given.type} in ${UNKNOWN_FOR_MS} ms.`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }

    async function decide(outcome: PublishOutcome): Promise<Appended | undefined> {
      switch (outcome.kind) {
        case 'stored':
          return { kind: 'appended', position: { seq: outcome.seq, sequence } };
        case 'wrong_last': {
          // A cluster may refuse without a number while an earlier write is in process: ask again.
          if (outcome.last === undefined || outcome.last <= after.seq) return undefined;
          const tail = await reader.tail(after.seq, outcome.last).catch(unlessUnavailable);
          if (tail === undefined) return undefined;
          const own = tail.find(({ id }) => id === given.id);
          return own === undefined ? { kind: 'conflict', tail } : { kind: 'present', event: own, tail };
        }
        case 'unknown':
        case 'unavailable':
          return undefined;
        case 'full':
          throw new RetryableError('log_full', `The log takes no more: ${outcome.description}.`, {
            retryAfterMs: 5_000,
          });
        case 'refused':
          throw new TerminalError({
            code: 'log_refused',
            message: `The server refused ${given.type} (${outcome.code}: ${outcome.description}).`,
            hint: 'Compare the stream with what is declared (start-up self-test) and the publish permissions of this service.',
          });
      }
    }
  };
}

/** A tail that cannot be read just now leaves the append undecided. */
function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof RetryableError)) throw error;
}

/** The position behind which the next event goes, given a non-empty tail. */
export function lastPosition(tail: readonly StoredEvent[]): Position {
  const last = tail.at(-1);
  if (last === undefined) throw new TypeError('an empty tail has no last position');
  return last.position;
}

/**
 * The worker's rule: whether `request` may still be answered, given what was written behind it. It is closed by an outcome
 * or a cancellation (an event it caused, of a closing type) and by the end of the run.
 */
export const isOpen = (
  request: { id: string },
  closingTypes: readonly string[],
  tail: readonly StoredEvent[],
): boolean =>
  !tail.some(
    ({ type, causationId }) =>
      isTerminal(type) || (causationId === request.id && closingTypes.includes(type)),
  );
