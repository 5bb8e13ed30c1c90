// One workflow's log in memory, with the kernel's promise: compare-and-set on the last sequence, and a tail for the loser.
// Every event goes through its bytes, so that what a schema strips is stripped here too.
import type { EventDraft, Position, StoredEvent } from '@troupe/contracts';
import { decodeEvent, encodeEvent, EXPECTED_LAST, START } from '@troupe/contracts';
import type { Appended } from '@troupe/shared';

export class MemoryLog {
  events: StoredEvent[] = [];
  /** The stream's time of the next event, in milliseconds since 1970. */
  now = Date.UTC(2026, 0, 1);
  /** Other workflows' events lie between ours: the stream sequence is not the workflow's. */
  readonly #gap: number;
  #lastSeq = 0;

  constructor(gap = 3) {
    this.#gap = gap;
  }

  get position(): Position {
    return this.events.at(-1)?.position ?? START;
  }

  append(draft: EventDraft, after: Position): Appended {
    const tail = this.events.filter(({ position }) => position.seq > after.seq);
    const own = tail.find(({ id }) => id === draft.id);
    if (own !== undefined) return { kind: 'present', event: own, tail };
    if (tail.length > 0) return { kind: 'conflict', tail };
    const seq = this.#lastSeq + this.#gap;
    this.#lastSeq = seq;
    const { subject, headers, body } = encodeEvent(draft, after.sequence + 1, new Date(this.now));
    const all: Record<string, string> = { ...headers, [EXPECTED_LAST]: String(after.seq) };
    const event = decodeEvent({
      subject,
      header: (name) => all[name],
      body: new TextEncoder().encode(body),
      seq,
      storedAt: this.now,
    });
    this.events.push(event);
    return { kind: 'appended', position: event.position };
  }

  /** Appends behind whatever stands there. */
  add(draft: EventDraft): StoredEvent {
    const result = this.append(draft, this.position);
    if (result.kind !== 'appended') throw new Error(`the log refused ${draft.type}: ${result.kind}`);
    return this.events.at(-1) as StoredEvent;
  }

  /** As by an operator who erases a user's data. The stream's sequence goes on. */
  erase(): void {
    this.events = [];
  }
}
