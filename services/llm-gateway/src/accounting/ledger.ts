// The ledger's records, written so that every attempt stands there once, whatever is lost on the way.
//  L1  `begun` is stored before the provider is asked, behind everything that this call knows of its request's records. Refused means
//      that somebody else began attempts: they are read, the numbers go on behind theirs, and those without an end are handed out.
//      So only a request that is worked on again costs a read.
//  L2  `ended` goes behind the attempt's own `begun`, or behind an end that somebody else presumed: who made the call knows best.
//  L3  No answer means "unknown": the same again, in the same place, which is refused if it was stored. Then our own bytes are found there.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerBegun, LedgerEnded, LedgerKey, RawMessage } from '@troupe/contracts';
import { EXPECTED_LAST, ledgerFilter, LedgerRecord, ledgerSubject } from '@troupe/contracts';
import type { Kernel, Publisher } from '@troupe/shared';
import { DirectReader, LEDGER_STREAM, RetryableError } from '@troupe/shared';

/** What a record says of an attempt, but for its number. */
export type Beginning = Omit<LedgerBegun, 'phase' | 'attempt'>;
export type Ending = Omit<LedgerEnded, 'phase' | keyof LedgerBegun>;

/** A `begun` and where it stands. */
export interface Begun {
  readonly record: LedgerBegun;
  readonly seq: number;
}

export interface Ledger {
  /**
   * Records that an attempt begins. `call` is the same object for all attempts of one handling of a request, which are made one after
   * another. Rejects with RetryableError `ledger_unavailable`.
   */
  begin(
    call: LedgerKey,
    beginning: Beginning,
  ): Promise<{ readonly begun: Begun; readonly orphans: readonly Begun[] }>;
  /** Records how it ended. Rejects with RetryableError `ledger_unavailable`. */
  end(call: LedgerKey, begun: Begun, ending: Ending): Promise<void>;
  /** Records how an attempt of a process that is gone is presumed to have ended. Resolves with whether that was not known yet. */
  presume(orphan: Begun, ending: Ending): Promise<boolean>;
}

/** In milliseconds. */
export interface LedgerTimes {
  readonly publish: number;
  /** How long a beginning is tried: nothing is spent yet. */
  readonly begin: number;
  /** How long an end is tried: as long as a result is tried in the log. */
  readonly end: number;
  readonly pause: number;
}
export const LEDGER_TIMES: LedgerTimes = { publish: 2_000, begin: 5_000, end: 30_000, pause: 20 };

export interface LedgerOptions {
  readonly connection: Kernel['connection'];
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly times?: LedgerTimes;
}

/** The last record that this call knows of: its number and its place. */
interface Known {
  readonly attempt: number;
  readonly seq: number;
}
const NONE: Known = { attempt: 0, seq: 0 };

export function createLedger({ connection, publisher, times = LEDGER_TIMES }: LedgerOptions): Ledger {
  const direct = new DirectReader(connection, LEDGER_STREAM);
  const knownOf = new WeakMap<LedgerKey, Known>();

  async function begin(call: LedgerKey, beginning: Beginning): ReturnType<Ledger['begin']> {
    let known = knownOf.get(call) ?? NONE;
    let orphans: readonly Begun[] = [];
    return tryFor(times.begin, async () => {
      const record: LedgerBegun = { phase: 'begun', ...beginning, attempt: known.attempt + 1 };
      const body = JSON.stringify(record);
      const headers = {
        [EXPECTED_LAST]: String(known.seq),
        [`${EXPECTED_LAST}-Subject`]: ledgerFilter(call),
      };
      const subject = ledgerSubject(call, record.attempt);
      const outcome = await publisher.publish(subject, headers, body, times.publish);
      if (outcome.kind === 'wrong_last') {
        const others = await direct.lastOfEach(ledgerFilter(call));
        const own = others.find((raw) => raw.subject === subject && textOf(raw) === body);
        if (own !== undefined) return begunAt(own.seq);
        orphans = others.flatMap(orphanIn);
        known = others.reduce(later, NONE);
      }
      return outcome.kind === 'stored' ? begunAt(outcome.seq) : undefined;

      function begunAt(seq: number): Awaited<ReturnType<Ledger['begin']>> {
        knownOf.set(call, { attempt: record.attempt, seq });
        return { begun: { record, seq }, orphans };
      }
    });
  }

  /** Stores the end behind `begun`; behind what somebody else put there only if `insists`. Resolves with its place, if it has one. */
  function put(
    { record, seq }: Begun,
    ending: Ending,
    insists: boolean,
  ): Promise<{ seq: number | undefined }> {
    const subject = ledgerSubject(record, record.attempt);
    const body = JSON.stringify({ ...record, ...ending, phase: 'ended' } satisfies LedgerEnded);
    let behind = seq;
    return tryFor(times.end, async () => {
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
    for (const startedAt = performance.now(); ; ) {
      let cause: unknown;
      const done = await once().catch((error: unknown) => void (cause = error));
      if (done !== undefined) return done;
      if (performance.now() - startedAt > ms) {
        const message = `Nothing could be stored in ${LEDGER_STREAM} in ${ms} ms.`;
        throw new RetryableError('ledger_unavailable', message, { cause });
      }
      await sleep(times.pause);
    }
  }

  return {
    begin,
    async end(call, begun, ending) {
      const { seq = begun.seq } = await put(begun, ending, true);
      knownOf.set(call, { attempt: begun.record.attempt, seq });
    },
    async presume(orphan, ending) {
      return (await put(orphan, ending, false)).seq !== undefined;
    },
  };
}

const textOf = ({ body }: RawMessage): string => Buffer.from(body).toString();

const later = (known: Known, { subject, seq }: RawMessage): Known => ({
  attempt: Math.max(known.attempt, Number(subject.slice(subject.lastIndexOf('.') + 1)) || 0),
  seq: Math.max(known.seq, seq),
});

/** A record that somebody else wrote, if it is a beginning; what is none of ours means nothing. */
function orphanIn(raw: RawMessage): Begun[] {
  const { data } = LedgerRecord.safeParse(parsed(textOf(raw)));
  return data?.phase === 'begun' ? [{ record: data, seq: raw.seq }] : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
