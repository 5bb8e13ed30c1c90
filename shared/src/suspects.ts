// Messages that end the process that handles them (out of memory, a crash in native code). Whatever else such a process had in hand is
// delivered again with the killer, and must not be given up with it. A count of deliveries cannot tell them apart, nor from messages
// that were put off during an outage; so from its third delivery on a message is marked while it is in hand.
//  Q1  A mark that is found stood when a process died. What has one is handled alone in its process, so that a killer dies alone.
//  Q2  Whatever comes of a handling, success or failure, takes its mark away: the process lived.
//  Q3  A message that was in hand at DEATHS deaths in a row, at all but the first of them alone, is given up unhandled.
import type { NatsConnection } from 'nats';
import { RetryableError, TerminalError } from './errors.ts';
import { Isolation } from './isolation.ts';
import type { Delivery } from './nats/delivery.ts';
import { DirectReader } from './nats/direct.ts';
import type { Publisher } from './nats/publisher.ts';

/** A mark for each suspect, which holds the number of handlings that were begun in a row. */
export const SUSPECTS_BUCKET = 'AGENTS_SUSPECTS';

/** The delivery from which a message is suspect: two deaths of its process may be anybody's doing. */
const SUSPECT_FROM = 3;
const DEATHS = 3;
const PUBLISH_TIMEOUT_MS = 5_000;

export interface Suspects {
  /**
   * Runs `work`, which handles a delivery, by the rules above; most are run at once. Throws what it throws, TerminalError
   * `never_settled`, or RetryableError `suspect_unmarked` or `stream_unreadable`.
   */
  handle(
    consumer: string,
    delivery: Pick<Delivery, 'seq' | 'attempt'>,
    work: () => Promise<void>,
  ): Promise<void>;
}

/** One for all the actors of a process: what one of them handles alone, no other works beside. */
export function createSuspects(connection: NatsConnection, publisher: Publisher): Suspects {
  const isolation = new Isolation();
  let opened: DirectReader | undefined;
  const marks = (): DirectReader => (opened ??= new DirectReader(connection, `KV_${SUSPECTS_BUCKET}`));

  const deathsOf = async (mark: string): Promise<number> => {
    const stored = await marks().last(mark);
    return stored === undefined ? 0 : Number(Buffer.from(stored.body).toString());
  };
  const put = async (mark: string, headers: Record<string, string>, body: string): Promise<boolean> =>
    (await publisher.publish(mark, headers, body, PUBLISH_TIMEOUT_MS)).kind === 'stored';

  async function marked(mark: string, deaths: number, work: () => Promise<void>): Promise<void> {
    if (!(await put(mark, {}, String(deaths + 1))))
      throw new RetryableError('suspect_unmarked', 'A message that may end its process could not be marked.');
    try {
      await work();
    } finally {
      // A mark that stays only means that the message, should it come again, is handled alone.
      await put(mark, { 'KV-Operation': 'DEL' }, '').catch(() => false);
    }
  }

  async function suspect(mark: string, attempt: number, work: () => Promise<void>): Promise<void> {
    const deaths = await deathsOf(mark);
    if (deaths >= DEATHS) throw neverSettled(attempt);
    return deaths === 0
      ? isolation.beside(() => marked(mark, deaths, work))
      : isolation.alone(() => marked(mark, deaths, work));
  }

  return {
    handle: (consumer, { seq, attempt }, work) =>
      attempt < SUSPECT_FROM
        ? isolation.beside(work)
        : suspect(`$KV.${SUSPECTS_BUCKET}.${consumer}.${seq}`, attempt, work),
  };
}

const neverSettled = (attempt: number): TerminalError =>
  new TerminalError({
    code: 'never_settled',
    message: `The message was delivered ${attempt} times; no worker lived to say what became of it.`,
    hint: 'See how the workers ended: out of memory, killed, or a handler that blocks the process.',
  });
