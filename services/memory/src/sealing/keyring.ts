// The users' data keys, wrapped by the master key, in a bucket that all memory processes share. A user's key is made with his first record
// and by compare-and-set, so that any number of processes end with one. A key is used only when the bucket has it.
//  K1  Nothing is made or changed under a master key that cannot open what is there: the entry `master` is opened first.
//  K2  What only the previous master key opens is wrapped anew with the current one.
import { createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { UserId } from '@troupe/contracts';
import type { Entries } from '@troupe/shared';
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
}

/** No user's: those have a dot in their names. */
const MASTER_ENTRY = 'master';
const KEY_BYTES = 32;
const PUT_TIMEOUT_MS = 2_000;
/** Each one that fails was lost to another process, or told nothing: the next reads what became of it. */
const ATTEMPTS = 5;
const KNOWN_USERS = 10_000;

export function createKeyring(entries: Pick<Entries, 'read' | 'put'>, master: MasterKeys): Keyring {
  const known = new Map<UserId, UserSeal>();
  let masterFits = false;

  /** An entry's key, or the revision behind which one can be made. */
  async function read(name: string): Promise<KeyObject | number> {
    const entry = (await entries.read(name)).get(name);
    if (entry?.value === undefined) return entry?.revision ?? 0;
    const key = open(master.current, entry.value, [name]);
    if (key !== undefined) return createSecretKey(key);
    const old = master.previous && open(master.previous, entry.value, [name]);
    if (old === undefined) throw sealed();
    // Lost to another process, it was wrapped by that one; without an answer, the next process does it.
    await entries.put(name, seal(master.current, old, [name]), entry.revision, PUT_TIMEOUT_MS);
    return createSecretKey(old);
  }

  async function readOrMake(name: string): Promise<KeyObject> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const found = await read(name);
      if (typeof found !== 'number') return found;
      const made = randomBytes(KEY_BYTES);
      const { kind } = await entries.put(name, seal(master.current, made, [name]), found, PUT_TIMEOUT_MS);
      if (kind === 'stored') return createSecretKey(made);
    }
    throw new RetryableError('memory_keys_unavailable', 'A data key could not be written to its bucket.');
  }

  async function checkMaster(): Promise<void> {
    if (masterFits) return;
    await readOrMake(MASTER_ENTRY);
    masterFits = true;
  }

  function keep(user: UserId, key: KeyObject): UserSeal {
    if (known.size >= KNOWN_USERS) known.clear();
    const made = createUserSeal(user, key);
    known.set(user, made);
    return made;
  }

  return {
    check: checkMaster,
    async find(user) {
      const at = known.get(user);
      if (at !== undefined) return at;
      await checkMaster();
      const key = await read(entryOf(user));
      return typeof key === 'number' ? undefined : keep(user, key);
    },
    async need(user) {
      const at = known.get(user);
      if (at !== undefined) return at;
      await checkMaster();
      return keep(user, await readOrMake(entryOf(user)));
    },
  };
}

const entryOf = (user: UserId): string => `users.${user}`;

const sealed = (): RetryableError =>
  new RetryableError(
    'memory_sealed',
    'The data keys of memory are wrapped by a master key that is neither the current nor the previous one.',
  );
