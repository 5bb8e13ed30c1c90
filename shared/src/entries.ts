// The entries of one bucket, each changed by compare-and-set, for what processes agree on among themselves: leases, the state of circuits.
// The changes are a knock and no more, which may be lost: whoever follows reads everything, at each knock and now and then.
import type { NatsConnection } from 'nats';
import { EXPECTED_LAST } from '@troupe/contracts';
import { eraseMessages } from './erase.ts';
import { DirectReader } from './nats/direct.ts';
import { headerReader } from './nats/headers.ts';
import type { Publisher, PublishOutcome } from './nats/publisher.ts';

export interface Entry {
  /** Undefined for an entry that was deleted lately. */
  readonly value: string | undefined;
  readonly revision: number;
  /** By the server's clock, in milliseconds since 1970. */
  readonly storedAt: number;
}

export interface Entries {
  /** The entries whose names match `filter`, deleted ones too, as of one moment. Throws RetryableError `stream_unreadable`. */
  read(filter?: string): Promise<ReadonlyMap<string, Entry>>;
  /** Writes an entry, or deletes it, if nobody changed it since `revision` (0: it was not there). */
  put(name: string, value: string | undefined, revision: number, timeoutMs: number): Promise<PublishOutcome>;
  /**
   * Overwrites every value of an entry that is still kept, or those up to the revision `upTo`; the newest goes last. Resolves with how
   * many. Throws RetryableError `not_erased` or `stream_unreadable`.
   */
  erase(name: string, upTo?: number): Promise<number>;
  /** Calls back, until disposed, when an entry is about to be changed; `renewal`: it was there before, and stays. */
  onChange(callback: (change: { readonly renewal: boolean }) => void): Disposable;
}

export function openEntries(connection: NatsConnection, publisher: Publisher, bucket: string): Entries {
  const prefix = `$KV.${bucket}.`;
  const stream = `KV_${bucket}`;
  const direct = new DirectReader(connection, stream);
  return {
    async read(filter = '>') {
      const messages = await direct.lastOfEach(`${prefix}${filter}`);
      return new Map(
        messages.map(({ subject, header, body, seq, storedAt }) => [
          subject.slice(prefix.length),
          {
            value: header(OPERATION) === undefined ? Buffer.from(body).toString() : undefined,
            revision: seq,
            storedAt,
          },
        ]),
      );
    },
    put(name, value, revision, timeoutMs) {
      const expected = { [EXPECTED_LAST]: String(revision) };
      const headers = value === undefined ? { ...expected, [OPERATION]: 'DEL' } : expected;
      return publisher.publish(`${prefix}${name}`, headers, value ?? '', timeoutMs);
    },
    async erase(name, upTo = Number.POSITIVE_INFINITY) {
      const seqs = (await direct.allAt(`${prefix}${name}`))
        .map(({ seq }) => seq)
        .filter((seq) => seq <= upTo);
      // One by one: until the newest goes, the entry says what it said.
      let erased = 0;
      for (const seq of seqs) erased += await eraseMessages(connection, stream, [seq]);
      return erased;
    },
    onChange(callback) {
      const subscription = connection.subscribe(`${prefix}>`, {
        callback: (error, message) => {
          if (error !== null) return;
          const header = headerReader(message);
          callback({ renewal: header(OPERATION) === undefined && header(EXPECTED_LAST) !== '0' });
        },
      });
      return {
        [Symbol.dispose]() {
          if (!connection.isClosed()) subscription.unsubscribe();
        },
      };
    },
  };
}

/** Set on an entry that stands for its deletion. */
const OPERATION = 'KV-Operation';
