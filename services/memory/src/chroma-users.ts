// What is known of each user's collections in Chroma: which they are, how far they are, and whether that is all that the log had for them.
//  M1  A collection that says how far it is has everything that the log had for it when that was acked. One that is lost, was emptied or
//      went back to an older state says less than the log, is used as it is, and wants to be rebuilt (chroma-rebuild.ts).
//  M2  That is looked at when a user is first met, and again after every fault: what answers then may be another Chroma.
import type { ChromaClient } from 'chromadb';
import type { UserId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import type { ChromaServer } from './chroma-server.ts';
import { isGone } from './chroma-server.ts';
import type { OpenSlot, Slots } from './chroma-slots.ts';
import { fitting, mark, readSlot, readSlots } from './chroma-slots.ts';
import type { Keyring } from './sealing/keyring.ts';
import type { UserSeal } from './sealing/user-seal.ts';
import type { Embedding } from './store.ts';
import type { UserEvents } from './user-events.ts';

/** Users whose collection is at hand: looking it up by name costs as much as a query. */
const KNOWN_USERS = 10_000;

export interface ChromaUsersOptions {
  readonly server: ChromaServer;
  readonly keyring: Pick<Keyring, 'find'>;
  readonly events: Pick<UserEvents, 'acked' | 'missed'>;
}

/** What there is of a user. */
export interface Met extends Slots {
  /** Undefined for one of whom nothing was ever kept. */
  readonly own: UserSeal | undefined;
  /** All that the log had for it is in `current`; where nothing is stored, nothing should be. */
  readonly whole: boolean;
}

/** All throw what the server, the keyring and the log throw. */
export interface ChromaUsers {
  /** `near`: an embedding for which there should be a collection. */
  meet(user: UserId, near?: Embedding): Promise<Met>;
  /** Calls Chroma for a user. What fails may be the end of everything that is known. */
  call<T>(user: UserId, work: (client: ChromaClient) => Promise<T>): Promise<T>;
  /**
   * Says in a whole collection that `seq` is in it, if it is still the one that was met, as it was then. Throws RetryableError
   * `memory_unavailable` otherwise.
   */
  advance(user: UserId, own: UserSeal, at: OpenSlot, seq: number): Promise<void>;
  forget(user: UserId): void;
}

export function createChromaUsers({ server, keyring, events }: ChromaUsersOptions): ChromaUsers {
  /** Only those who were whole. */
  const known = new Map<UserId, Met & { readonly current: OpenSlot }>();

  function remember(user: UserId, met: Met): void {
    known.delete(user);
    const { current } = met;
    if (!met.whole || current === undefined) return;
    if (known.size >= KNOWN_USERS) known.clear();
    known.set(user, { ...met, current });
  }

  async function call<T>(user: UserId, work: (client: ChromaClient) => Promise<T>): Promise<T> {
    try {
      return await server.call(work);
    } catch (error) {
      if (isGone(error)) known.delete(user);
      else if (error instanceof RetryableError && error.code === 'memory_unavailable') known.clear();
      throw error;
    }
  }

  return {
    call,
    async meet(user, near) {
      const own = await keyring.find(user);
      const at = known.get(user);
      if (at !== undefined && at.own === own && (near === undefined || fitting(at, near) !== undefined))
        return at;
      // First how far the log is: what is acked by then is found, whoever writes meanwhile.
      const acked = await events.acked();
      const found = own && (await call(user, (client) => readAll(client, own)));
      const missed = await events.missed(user, found?.reached ?? 0, acked);
      const met: Met = { ...found?.slots, own, whole: found?.slots.next === undefined && !missed };
      remember(user, met);
      return met;
    },
    async advance(user, own, at, seq) {
      const current = await call(user, async (client) => {
        const now = await readSlot(client, own, 'current');
        if (now?.id !== at.id || (now.projected ?? 0) < (at.projected ?? 0)) throw wentBack();
        const projected = Math.max(seq, now.projected ?? 0);
        if (projected !== now.projected) await mark(now, { projected });
        return { ...now, projected };
      });
      remember(user, { own, current, whole: true });
    },
    forget: (user) => void known.delete(user),
  };
}

/** The user's collections, and how far the one that is searched is. One that has nothing, and does not say so, may have been emptied. */
async function readAll(client: ChromaClient, own: UserSeal): Promise<{ slots: Slots; reached: number }> {
  const slots = await readSlots(client, own);
  const { projected = 0, empty, collection } = slots.current ?? {};
  const isEmptied = projected > 0 && empty !== true && (await collection?.count()) === 0;
  return { slots, reached: isEmptied ? 0 : projected };
}

const wentBack = (): RetryableError =>
  new RetryableError('memory_unavailable', 'Chroma went back to an older state while it was written.');
