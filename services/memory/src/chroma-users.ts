// What is known of each user's collections in Chroma: which they are, how far they are, and whether that is all that the log had for them.
//  M1  A collection that says how far it is has everything that the log has for it up to there. What the log has behind that is looked for in
//      it (chroma-missing.ts): one that was lost, was emptied or went back to an older state is used as it is, and wants to be rebuilt.
//  M2  That is looked at when a user is first met, and again after every fault and after a while: what answers then may be another Chroma.
import type { ChromaClient } from 'chromadb';
import type { UserId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import { createMissing } from './chroma-missing.ts';
import type { ChromaServer } from './chroma-server.ts';
import { isGone } from './chroma-server.ts';
import type { OpenSlot, Slots } from './chroma-slots.ts';
import { fitting, mark, readSlot, readSlots } from './chroma-slots.ts';
import type { Keyring } from './sealing/keyring.ts';
import type { UserSeal } from './sealing/user-seal.ts';
import type { Embedding } from './store.ts';
import type { Projected, UserEvents } from './user-events.ts';

/** Users whose collection is at hand: looking it up by name costs as much as a query. */
const KNOWN_USERS = 10_000;
const KNOWN_FOR_MS = 60_000;

export interface ChromaUsersOptions {
  readonly server: ChromaServer;
  readonly keyring: Pick<Keyring, 'find'>;
  readonly events: Pick<UserEvents, 'projected' | 'any' | 'left'>;
  /** The names of a user's records that are forgotten for good. */
  readonly forgotten: (user: UserId) => Promise<ReadonlySet<string>>;
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
  /** `near`: an embedding for which there should be a collection. `own`: the user's seal, if it was just asked for. */
  meet(user: UserId, by?: { readonly near?: Embedding; readonly own?: UserSeal }): Promise<Met>;
  /** Calls Chroma for a user. What fails may be the end of everything that is known. */
  call<T>(user: UserId, work: (client: ChromaClient) => Promise<T>): Promise<T>;
  /**
   * Says in a whole collection how far it is with what was written, the events named, if it is still the one that was met, as it was then.
   * Throws RetryableError `memory_unavailable` otherwise.
   */
  advance(user: UserId, own: UserSeal, at: OpenSlot, written: ReadonlySet<number>): Promise<void>;
  forget(user: UserId): void;
}

export function createChromaUsers({ server, keyring, events, forgotten }: ChromaUsersOptions): ChromaUsers {
  /** Only those who were whole. */
  const known = new Map<UserId, Met & { readonly until: number }>();
  /** Of those who have no collection: up to where the log has nothing for one. */
  const nothing = new Map<UserId, number>();
  const missing = createMissing({ events, forgotten, call });

  function remember(user: UserId, met: Met): void {
    const until = known.get(user)?.until ?? performance.now() + KNOWN_FOR_MS;
    known.delete(user);
    if (!met.whole || met.current === undefined) return;
    keep(known, user, { ...met, until });
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

  async function isLost(
    user: UserId,
    own: UserSeal | undefined,
    found: Read | undefined,
    projected: Projected,
  ) {
    const { current, reached } = found ?? { reached: 0 };
    // One that does not say how far it is counts for nothing: what is being rebuilt would have to be read from its beginning each time.
    const at =
      own === undefined || current === undefined || reached === 0 ? undefined : { own, slot: current };
    const after = current === undefined ? (nothing.get(user) ?? 0) : reached;
    const lost = await missing.lost(user, at, { ...projected, after });
    if (!lost && current === undefined) keep(nothing, user, projected.acked);
    return lost;
  }

  return {
    call,
    async meet(user, { near, own: given } = {}) {
      const own = given ?? (await keyring.find(user));
      const at = known.get(user);
      const isFresh = at !== undefined && at.own === own && performance.now() < at.until;
      if (isFresh && (near === undefined || fitting(at, near) !== undefined)) return at;
      known.delete(user);
      // First how far the projection is: what is acked by then is found, whoever writes meanwhile.
      const projected = await events.projected();
      const found = own && (await call(user, (client) => readAll(client, own)));
      const { current, next } = found ?? {};
      const whole = next === undefined && !(await isLost(user, own, found, projected));
      const met: Met = { current, next, own, whole };
      remember(user, met);
      return met;
    },
    async advance(user, own, at, written) {
      const reached = await missing.reached(user, { own, slot: at }, written);
      const current = await call(user, async (client) => {
        const now = await readSlot(client, own, 'current');
        if (now?.id !== at.id || (now.projected ?? 0) < (at.projected ?? 0)) throw wentBack();
        const projected = Math.max(reached, now.projected ?? 0);
        if (projected !== now.projected) await mark(now, { projected });
        return { ...now, projected };
      });
      remember(user, { own, current, whole: true });
    },
    forget: (user) => void known.delete(user),
  };
}

function keep<Value>(map: Map<UserId, Value>, user: UserId, value: Value): void {
  if (map.size >= KNOWN_USERS) map.clear();
  map.set(user, value);
}

interface Read extends Slots {
  /** How far the collection is that is searched; 0 where it does not say. */
  readonly reached: number;
}

/** One that has nothing, and does not say so, may have been emptied. */
async function readAll(client: ChromaClient, own: UserSeal): Promise<Read> {
  const slots = await readSlots(client, own);
  const { projected = 0, empty, collection } = slots.current ?? {};
  const isEmptied = projected > 0 && empty !== true && (await collection?.count()) === 0;
  return { ...slots, reached: isEmptied ? 0 : projected };
}

const wentBack = (): RetryableError =>
  new RetryableError('memory_unavailable', 'Chroma went back to an older state while it was written.');
