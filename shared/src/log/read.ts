// Reading one workflow's log, consistently and without scanning the stream.
import type { StoredEvent, WorkflowKey } from '@troupe/contracts';
import { ContractError, decodeEvent, workflowFilter } from '@troupe/contracts';
import { RetryableError } from '../errors.ts';
import type { DirectReader } from '../nats/direct.ts';

const ATTEMPTS = 20;
const PAUSE_MS = 50;

export class LogReader {
  readonly #direct: DirectReader;

  constructor(direct: DirectReader) {
    this.#direct = direct;
  }

  /** The workflow's newest event, or undefined where nothing is stored. */
  async head(key: WorkflowKey): Promise<StoredEvent | undefined> {
    const raw = await this.#direct.last(workflowFilter(key));
    return raw === undefined ? undefined : decodeEvent(raw);
  }

  /** The stream sequence of the workflow's newest event, 0 where nothing is stored: `head` without parsing it. */
  async headSeq(key: WorkflowKey): Promise<number> {
    return (await this.#direct.last(workflowFilter(key)))?.seq ?? 0;
  }

  /**
   * The events behind `after` up to the one at stream sequence `upTo`, oldest first, by walking back: every stored event names
   * its predecessor, the one that its append expected. Throws RetryableError `log_lagging` if a replica never catches up, and
   * ContractError if `after` is not met on the way: somebody wrote without compare-and-set, or what was stored there is gone.
   */
  async tail(after: number, upTo: number): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    let seq = upTo;
    while (seq > after) {
      const event = await this.#at(seq);
      events.push(event);
      seq = event.previous;
    }
    if (seq !== after) throw new ContractError(`the log that ends at ${upTo} does not hold event ${after}`);
    return events.reverse();
  }

  /**
   * The whole log, oldest first, reaching at least stream sequence `atLeast`. One request names the newest event of each
   * type (the heads); literal subjects are then read in parallel and cut at the newest head, which makes it one moment.
   */
  async whole(key: WorkflowKey, atLeast = 0): Promise<StoredEvent[]> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const heads = await this.#direct.lastOfEach(workflowFilter(key));
      const end = Math.max(0, ...heads.map(({ seq }) => seq));
      if (end >= atLeast) {
        const perSubject = await Promise.all(heads.map(({ subject }) => this.#direct.allAt(subject)));
        const events = perSubject
          .flat()
          .filter(({ seq }) => seq <= end)
          .sort((a, b) => a.seq - b.seq)
          .map(decodeEvent);
        if (isWhole(events)) return events;
      }
      await pause();
    }
    throw lagging(atLeast);
  }

  async #at(seq: number): Promise<StoredEvent> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const raw = await this.#direct.get(seq);
      if (raw !== undefined) return decodeEvent(raw);
      await pause();
    }
    throw lagging(seq);
  }
}

/** Numbered 1, 2, 3 …, each naming the one before it. */
const isWhole = (events: readonly StoredEvent[]): boolean =>
  events.every(
    (event, i) => event.position.sequence === i + 1 && event.previous === (events[i - 1]?.position.seq ?? 0),
  );

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

const lagging = (seq: number): RetryableError =>
  new RetryableError('log_lagging', `The answering replica does not hold the log up to sequence ${seq} yet.`);
