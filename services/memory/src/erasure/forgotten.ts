// Which records of a user are forgotten for good: what the log holds must not bring them back. A mark per record in the bucket of the jobs;
// the names of records are made with the user's key and say nothing.
import type { UserId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { MEMORY_JOBS_BUCKET, openEntries, RetryableError, subjectsOf } from '@troupe/shared';

const PUT_TIMEOUT_MS = 2_000;

/** All throw RetryableError `stream_unreadable`; the writing ones `memory_jobs_unavailable` or `not_erased`, too. */
export interface ForgottenRecords {
  of(user: UserId): Promise<ReadonlySet<string>>;
  /** Idempotent. */
  add(user: UserId, record: string): Promise<void>;
  /** For a user of whom nothing is left to be brought back. */
  clear(user: UserId): Promise<void>;
}

export function openForgottenRecords({
  connection,
  publisher,
}: Pick<Kernel, 'connection' | 'publisher'>): ForgottenRecords {
  const entries = openEntries(connection, publisher, MEMORY_JOBS_BUCKET);
  const marks = async (user: UserId): Promise<string[]> => {
    const prefix = `$KV.${MEMORY_JOBS_BUCKET}.`;
    const subjects = await subjectsOf(connection, `KV_${MEMORY_JOBS_BUCKET}`, `${prefix}forgotten.${user}.*`);
    return subjects.map((subject) => subject.slice(prefix.length));
  };
  return {
    of: async (user) => new Set((await marks(user)).map((mark) => mark.slice(`forgotten.${user}.`.length))),
    async add(user, record) {
      const { kind } = await entries.put(`forgotten.${user}.${record}`, 'forgotten', 0, PUT_TIMEOUT_MS);
      if (kind === 'stored' || kind === 'wrong_last') return;
      throw new RetryableError(
        'memory_jobs_unavailable',
        `A record could not be marked as forgotten (${kind}).`,
      );
    },
    async clear(user) {
      for (const mark of await marks(user)) await entries.erase(mark);
    },
  };
}
