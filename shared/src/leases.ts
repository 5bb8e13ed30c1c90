// Leases: names that at most one process holds at a time, in a bucket whose entries expire by the server's clock; no process's clock
// decides anything. A lease is for speed only: a process that stands still keeps working for a moment beside whoever took over, so what
// must not happen twice is guarded elsewhere (compare-and-set on the log). What to hold is the caller's decision.
import type { NatsConnection } from 'nats';
import { openEntries } from './entries.ts';
import { RetryableError } from './errors.ts';
import type { Publisher } from './nats/publisher.ts';

export const LEASES_BUCKET = 'AGENTS_LEASES';
/** A lease that is not renewed ends after this time. */
export const LEASE_TTL_MS = 4_000;

const PUBLISH_TIMEOUT_MS = 2_000;
/** A renewal that is under way may refuse a release; more than a few in a row cannot be. */
const RELEASE_ATTEMPTS = 5;

/** `holder` is undefined for a lease that was given back. */
export interface Lease {
  readonly holder: string | undefined;
  readonly revision: number;
}

export interface Leases {
  /**
   * Every lease that is held or was given back lately, or that of one name, by name, as of one moment. Throws RetryableError
   * `stream_unreadable`.
   */
  read(name?: string): Promise<ReadonlyMap<string, Lease>>;
  /** Takes or renews a lease, if nobody changed it since `revision` (0: it was not there). Resolves with whether it is held now. */
  claim(name: string, holder: string, revision: number): Promise<boolean>;
  /** Gives a lease back, if `holder` has it. Throws RetryableError `stream_unreadable` or `lease_unwritable`; it then expires. */
  release(name: string, holder: string): Promise<void>;
  /** Calls back, until disposed, when a lease is given back or new; renewals are no news. A lost call is made up for by reading. */
  onNews(callback: () => void): Disposable;
}

export function createLeases(connection: NatsConnection, publisher: Publisher): Leases {
  const entries = openEntries(connection, publisher, LEASES_BUCKET);

  async function read(name?: string): Promise<Map<string, Lease>> {
    const leases = [...(await entries.read(name))];
    return new Map(leases.map(([name, { value: holder, revision }]) => [name, { holder, revision }]));
  }

  return {
    read,
    async claim(name, holder, revision) {
      const { kind } = await entries.put(name, holder, revision, PUBLISH_TIMEOUT_MS);
      return kind === 'stored';
    },
    async release(name, holder) {
      for (let attempt = 1; attempt <= RELEASE_ATTEMPTS; attempt += 1) {
        const lease = (await read(name)).get(name);
        if (lease?.holder !== holder) return;
        const { kind } = await entries.put(name, undefined, lease.revision, PUBLISH_TIMEOUT_MS);
        if (kind === 'stored') return;
      }
      throw new RetryableError('lease_unwritable', `The lease ${name} could not be given back.`);
    },
    onNews: (callback) =>
      entries.onChange(({ renewal }) => {
        if (!renewal) callback();
      }),
  };
}
