// The users' data keys, wrapped by the master key, in a bucket that all memory processes share. A user's key is made with his first record
// and by compare-and-set, so that any number of processes end with one. A key is used only while the bucket has it.
//  K1  Nothing is made or changed under a master key that cannot open what is there: the entry `master` is opened first.
//  K2  What only the previous master key opens is wrapped anew with the current one, and the old wrapping is overwritten: who has the old
//      master key and the disk would open it.
//  K3  A key that was destroyed is used by nobody: each use looks into the bucket whether the entry is what it was, at the price of one read.
import { createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { UserId } from '@troupe/contracts';
import type { Entries, Entry } from '@troupe/shared';
import { RetryableError } from '@troupe/shared';
import { open, seal } from './seal.ts';
import type { UserSeal } from './user-seal.ts';
import { createUserSeal } from './user-seal.ts';

/** Both wrap data keys and do nothing else. */
export interface MasterKeys {
  readonly current: KeyObject;
  readonly previous: KeyObject | undefined;
}

/** Throw RetryableError `memory_sealed` (no master key fits), `memory_keys_unavailable` or `stream_unreadable`. */
export interface Keyring {
  /** Resolves when the master key opens what is there. */
  check(): Promise<void>;
  /** Undefined for a user of whom nothing was ever kept: asking makes no key. */
  find(user: UserId): Promise<UserSeal | undefined>;
  /** Made, if the user has none. */
  need(user: UserId): Promise<UserSeal>;
  /** Overwrites the user's key: what was sealed with it is opened by nobody any more. Throws RetryableError `not_erased`, too. */
  destroy(user: UserId): Promise<void>;
}

/** No user's: those have a dot in their names. */
const MASTER_ENTRY = 'master';
const KEY_BYTES = 32;
const PUT_TIMEOUT_MS = 2_000;
/** Each one that fails was lost to another process, or told nothing: the next reads what became of it. */
const ATTEMPTS = 5;
const KNOWN_USERS = 10_000;

export function createKeyring(entries: Pick<Entries, 'read' | 'put' | 'erase'>, master: MasterKeys): Keyring {
  const known = new Map<UserId, { readonly own: UserSeal; readonly revision: number }>();
  let masterFits = false;

  const read = async (name: string): Promise<Entry | undefined> => (await entries.read(name)).get(name);

  function unwrap(name: string, wrapped: string): { readonly key: Buffer; readonly isCurrent: boolean } {
    const key = open(master.current, wrapped, [name]);
    if (key !== undefined) return { key, isCurrent: true };
    const old = master.previous && open(master.previous, wrapped, [name]);
    if (old === undefined) throw sealed();
    return { key: old, isCurrent: false };
  }

  /** An entry's key, wrapped with the current master key and by nothing else. Undefined where there is none and none is to be made. */
  async function keyIn(
    name: string,
    { make }: { make: boolean },
  ): Promise<{ readonly key: KeyObject; readonly revision: number } | undefined> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const { value, revision } = (await read(name)) ?? NO_ENTRY;
      const found = value === undefined ? undefined : unwrap(name, value);
      if (found === undefined && !make) return undefined;
      if (found?.isCurrent === true) {
        // Whoever wrapped it anew may have died before the old wrapping was gone.
        await entries.erase(name, revision - 1);
        return { key: createSecretKey(found.key), revision };
      }
      const key = found?.key ?? randomBytes(KEY_BYTES);
      const outcome = await entries.put(name, seal(master.current, key, [name]), revision, PUT_TIMEOUT_MS);
      if (outcome.kind !== 'stored') continue;
      await entries.erase(name, revision);
      return { key: createSecretKey(key), revision: outcome.seq };
    }
    throw new RetryableError('memory_keys_unavailable', 'A data key could not be written to its bucket.');
  }

  async function checkMaster(): Promise<void> {
    if (masterFits) return;
    await keyIn(MASTER_ENTRY, { make: true });
    masterFits = true;
  }

  async function sealOf(user: UserId, means: { make: boolean }): Promise<UserSeal | undefined> {
    await checkMaster();
    const name = entryOf(user);
    const at = known.get(user);
    if (at !== undefined && (await read(name))?.revision === at.revision) return at.own;
    known.delete(user);
    const found = await keyIn(name, means);
    if (found === undefined) return undefined;
    if (known.size >= KNOWN_USERS) known.clear();
    const own = createUserSeal(user, found.key);
    known.set(user, { own, revision: found.revision });
    return own;
  }

  return {
    check: checkMaster,
    find: (user) => sealOf(user, { make: false }),
    need: async (user) => (await sealOf(user, { make: true })) as UserSeal,
    async destroy(user) {
      await entries.erase(entryOf(user));
      known.delete(user);
    },
  };
}

const NO_ENTRY = { value: undefined, revision: 0 };
const entryOf = (user: UserId): string => `users.${user}`;

const sealed = (): RetryableError =>
  new RetryableError(
    'memory_sealed',
    'The data keys of memory are wrapped by a master key that is neither the current nor the previous one.',
  );
