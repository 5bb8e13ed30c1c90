// Messages that end the process that handles them (out of memory, a crash in native code). Whatever else such a process had in hand is
// delivered again with the killer, and must not be given up with it. A count of deliveries cannot tell them apart, nor from messages
// that were put off during an outage; so from its third delivery on a message is marked while it is in hand.
//  Q1  A mark that is found stood when a process died; one that the finder itself left did not. What has one is handled alone in its
//      process, so that a killer dies alone.
//  Q2  Whatever comes of a handling, success or failure, takes its mark away: the process lived.
//  Q3  A message that was in hand at DEATHS deaths in a row, at the last of them alone, is given up unhandled.
//  Q4  Where a process that died had many in hand, one after the other would take hours: a crowd is handled beside others once more. A
//      killer among them costs one more death that is not its own.
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import { RetryableError, TerminalError } from './errors.ts';
import { Isolation } from './isolation.ts';
import type { Logger } from './logger.ts';
import type { Delivery } from './nats/delivery.ts';
import { DirectReader } from './nats/direct.ts';
import type { Publisher } from './nats/publisher.ts';

/** A mark for each suspect: the number of handlings that were begun in a row, and the process that began the last of them. */
export const SUSPECTS_BUCKET = 'AGENTS_SUSPECTS';

/** The delivery from which a message is suspect: two deaths of its process may be anybody's doing. */
const SUSPECT_FROM = 3;
const DEATHS = 3;
/** More suspects at once than these, each found with one death, are a crowd. */
const CROWD = 20;
const PUBLISH_TIMEOUT_MS = 5_000;
/** What follows each attempt to take a mark away; with the timeout long enough for a server that is started again. */
const UNMARK_PAUSES_MS = [100, 500, 0];

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

export interface SuspectsOptions {
  readonly connection: NatsConnection;
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly logger: Logger;
  /** Of this process alone, and without spaces. */
  readonly instance: string;
}

/** One for all the actors of a process: what one of them handles alone, no other works beside. */
export function createSuspects({ connection, publisher, logger, instance }: SuspectsOptions): Suspects {
  const isolation = new Isolation();
  /** In hand, and found with one death. */
  let foundOnce = 0;
  let opened: DirectReader | undefined;
  const marks = (): DirectReader => (opened ??= new DirectReader(connection, `KV_${SUSPECTS_BUCKET}`));

  const deathsOf = async (mark: string): Promise<number> => {
    const stored = await marks().last(mark);
    if (stored === undefined) return 0;
    const [begun, by] = Buffer.from(stored.body).toString().split(' ');
    // The last handling was this process's own, and this process lives.
    return Number(begun) - (by === instance ? 1 : 0);
  };
  const put = async (mark: string, headers: Record<string, string>, body: string): Promise<boolean> =>
    (await publisher.publish(mark, headers, body, PUBLISH_TIMEOUT_MS)).kind === 'stored';

  async function marked(mark: string, deaths: number, work: () => Promise<void>): Promise<void> {
    try {
      // Also one whose answer was lost may be stored, and is taken away.
      if (!(await put(mark, {}, `${deaths + 1} ${instance}`)))
        throw new RetryableError(
          'suspect_unmarked',
          'A message that may end its process could not be marked.',
        );
      await work();
    } finally {
      await unmark(mark);
    }
  }

  /** A mark that stays only means that the message, should it come again, is handled alone. */
  async function unmark(mark: string): Promise<void> {
    for (const pauseMs of UNMARK_PAUSES_MS) {
      if (await put(mark, { 'KV-Operation': 'DEL' }, '').catch(() => false)) return;
      await sleep(pauseMs);
    }
  }

  return {
    async handle(consumer, { seq, attempt }, work) {
      if (attempt < SUSPECT_FROM) return isolation.beside(work);
      const mark = `$KV.${SUSPECTS_BUCKET}.${consumer}.${seq}`;
      const deaths = await deathsOf(mark);
      if (deaths >= DEATHS) throw neverSettled(attempt);
      if (deaths === 0) return isolation.beside(() => marked(mark, 0, work));
      const suspect = { consumer, seq, attempt, deaths };
      const handled = async (): Promise<void> => {
        logger.warn(
          suspect,
          'was in hand when a process ended: handled alone, unless there are many like it',
        );
        await marked(mark, deaths, work).finally(() => logger.warn(suspect, 'suspect handled: over'));
      };
      if (deaths > 1) return isolation.alone(handled);
      foundOnce += 1;
      try {
        await isolation.alone(handled, () => foundOnce > CROWD);
      } finally {
        foundOnce -= 1;
      }
    },
  };
}

const neverSettled = (attempt: number): TerminalError =>
  new TerminalError({
    code: 'never_settled',
    message: `The message was delivered ${attempt} times; no worker lived to say what became of it.`,
    hint: 'See how the workers ended: out of memory, killed, or a handler that blocks the process.',
  });
