// The ledger's records, written so that every attempt stands there once, whatever is lost on the way.
//  L1  `begun` is stored before the provider is asked, behind everything that this call knows of its request's records. Refused means
//      that somebody else began attempts: they are read, the numbers go on behind theirs, and they are handed out. So only a request that
//      is worked on again costs a read.
//  L2  `ended` goes behind the attempt's own `begun`, or behind an end that somebody else presumed: who made the call knows best.
//  L3  No answer means "unknown": the same again, in the same place, which is refused if it was stored. Then our own bytes are found there.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerKey, RawMessage } from '@troupe/contracts';
import {
  EXPECTED_LAST,
  LedgerBegun,
  LedgerEnded,
  ledgerFilter,
  LedgerRecord,
  ledgerSubject,
} from '@troupe/contracts';
import type { Kernel, Publisher } from '@troupe/shared';
import { DirectReader, LEDGER_STREAM, RetryableError } from '@troupe/shared';

/** What a record says of an attempt, but for its number. */
export type Beginning = Omit<LedgerBegun, 'phase' | 'attempt'>;
export type Ending = Omit<LedgerEnded, 'phase' | keyof LedgerBegun>;

/** A record and where it stands. */
export interface Recorded<T extends LedgerRecord = LedgerRecord> {
  readonly record: T;
  readonly seq: number;
}
export type Begun = Recorded<LedgerBegun>;

/** `call` is the same object for all attempts of one handling of a request, which are begun one after another. */
export interface Ledger {
  /**
   * Records that an attempt begins, and tells the last records of the attempts that others made, where it had to read them. Rejects with
   * RetryableError `ledger_unavailable`.
   */
  begin(
    call: LedgerKey,
    beginning: Beginning,
  ): Promise<{ readonly begun: Begun; readonly others: readonly Recorded[] | undefined }>;
  /** The last records of the attempts that others made. Rejects with RetryableError. */
  others(call: LedgerKey): Promise<readonly Recorded[]>;
  /** Records how it ended: tried for minutes. Rejects with RetryableError `ledger_unavailable`. */
  end(call: LedgerKey, begun: Begun, ending: Ending): Promise<void>;
  /** Records how an attempt of a process that is gone is presumed to have ended. Resolves with whether that was not known yet. */
  presume(orphan: Begun, ending: Ending): Promise<boolean>;
  /** From now on everything is tried once more, and no longer. */
  close(): void;
}

/** In milliseconds. */
export interface LedgerTimes {
  readonly publish: number;
  /** How long a beginning is tried: nothing is spent yet. What is presumed is tried as long: others may presume it later. */
  readonly begin: number;
  /** How long an end is tried. */
  readonly end: number;
  /** How long whoever made the call waits for its end. */
  readonly patience: number;
  /** Between two tries; doubles each time, up to the longest. */
  readonly pause: number;
  readonly longestPause: number;
}
export const LEDGER_TIMES: LedgerTimes = {
  publish: 2_000,
  begin: 5_000,
  end: 600_000,
  patience: 5_000,
  pause: 20,
  longestPause: 1_000,
};

export interface LedgerOptions {
  readonly connection: Kernel['connection'];
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly times?: LedgerTimes;
}

/** What a call knows of its request's records: the highest number, the last place, and which attempts are its own. */
interface Known {
  readonly attempt: number;
  readonly seq: number;
  readonly own: ReadonlySet<string>;
}
const NONE: Known = { attempt: 0, seq: 0, own: new Set() };

export function createLedger({ connection, publisher, times = LEDGER_TIMES }: LedgerOptions): Ledger {
  const direct = new DirectReader(connection, LEDGER_STREAM);
  const knownOf = new WeakMap<LedgerKey, Known>();
  const knownTo = (call: LedgerKey): Known => knownOf.get(call) ?? NONE;
  const closing = new AbortController();

  async function others(call: LedgerKey): Promise<Recorded[]> {
    return othersAmong(await direct.lastOfEach(ledgerFilter(call)), knownTo(call));
  }

  async function begin(call: LedgerKey, beginning: Beginning): ReturnType<Ledger['begin']> {
    let known = knownTo(call);
    let seen: readonly Recorded[] | undefined;
    const facts = LedgerBegun.parse({ phase: 'begun', ...beginning, attempt: 1 } satisfies LedgerBegun);
    return tryFor(times.begin, async () => {
      const record = { ...facts, attempt: known.attempt + 1 };
      const body = JSON.stringify(record);
      const subject = ledgerSubject(call, record.attempt);
      const outcome = await publisher.publish(subject, behindAll(call, known), body, times.publish);
      if (outcome.kind === 'wrong_last') {
        const raws = await direct.lastOfEach(ledgerFilter(call));
        const own = raws.find((raw) => raw.subject === subject && textOf(raw) === body);
        if (own !== undefined) return begunAt(own.seq);
        seen = othersAmong(raws, known);
        known = raws.reduce(later, known);
      }
      return outcome.kind === 'stored' ? begunAt(outcome.seq) : undefined;

      function begunAt(seq: number): Awaited<ReturnType<Ledger['begin']>> {
        knownOf.set(call, { attempt: record.attempt, seq, own: new Set(known.own).add(subject) });
        return { begun: { record, seq }, others: seen };
      }
    });
  }

  /** Stores the end behind `begun`; behind what somebody else put there only if `insists`. Resolves with its place, if it has one. */
  async function put(
    { record, seq }: Begun,
    ending: Ending,
    insists: boolean,
  ): Promise<{ seq: number | undefined }> {
    const subject = ledgerSubject(record, record.attempt);
    const ended = LedgerEnded.parse({ ...record, ...ending, phase: 'ended' } satisfies LedgerEnded);
    const body = JSON.stringify(ended);
    let behind = seq;
    return tryFor(insists ? times.end : times.begin, async () => {
      const headers = { [EXPECTED_LAST]: String(behind) };
      const outcome = await publisher.publish(subject, headers, body, times.publish);
      if (outcome.kind === 'stored') return { seq: outcome.seq };
      if (outcome.kind !== 'wrong_last') return undefined;
      const last = await direct.last(subject);
      if (last !== undefined && textOf(last) === body) return { seq: last.seq };
      if (!insists && last !== undefined) return { seq: undefined };
      behind = last?.seq ?? 0;
      return undefined;
    });
  }

  /** Until it gives something. What is refused for another reason than its place may be mended meanwhile. */
  async function tryFor<T>(ms: number, once: () => Promise<T | undefined>): Promise<T> {
    const startedAt = performance.now();
    for (let pause = times.pause; ; pause = Math.min(2 * pause, times.longestPause)) {
      let cause: unknown;
      const done = await once().catch((error: unknown) => void (cause = error));
      if (done !== undefined) return done;
      if (performance.now() - startedAt > ms || closing.signal.aborted) throw unavailable(cause);
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  return {
    begin,
    others,
    async end(call, begun, ending) {
      const { seq = begun.seq } = await put(begun, ending, true);
      // The call may be further on by now.
      const known = knownTo(call);
      knownOf.set(call, { ...known, seq: Math.max(known.seq, seq) });
    },
    async presume(orphan, ending) {
      return (await put(orphan, ending, false)).seq !== undefined;
    },
    close() {
      closing.abort();
    },
  };
}

const unavailable = (cause: unknown): RetryableError =>
  new RetryableError('ledger_unavailable', `Nothing could be stored in ${LEDGER_STREAM} in time.`, { cause });

/** Refused unless `seq` is the last record of the whole request. */
const behindAll = (call: LedgerKey, { seq }: Known): Record<string, string> => ({
  [EXPECTED_LAST]: String(seq),
  [`${EXPECTED_LAST}-Subject`]: ledgerFilter(call),
});

const textOf = ({ body }: RawMessage): string => Buffer.from(body).toString();

const later = (known: Known, { subject, seq }: RawMessage): Known => ({
  ...known,
  attempt: Math.max(known.attempt, Number(subject.slice(subject.lastIndexOf('.') + 1)) || 0),
  seq: Math.max(known.seq, seq),
});

/** What cannot be read as a record means nothing. */
const othersAmong = (raws: readonly RawMessage[], { own }: Known): Recorded[] =>
  raws.flatMap((raw) => {
    if (own.has(raw.subject)) return [];
    const { data } = LedgerRecord.safeParse(parsed(textOf(raw)));
    return data === undefined ? [] : [{ record: data, seq: raw.seq }];
  });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
