// The memory store in Chroma. Chroma has no authentication and knows no users: a collection's name is made with the user's own key, so that
// nobody else's data leads to it, and what is in it is sealed. The vectors are not.
import type { ChromaClient } from 'chromadb';
import type { UserId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import type { Place, Those } from './chroma-records.ts';
import { deleteThose, holdsAny, readNearest, readPage, writeRecords } from './chroma-records.ts';
import type { ChromaServer } from './chroma-server.ts';
import { ifThere, isGone } from './chroma-server.ts';
import type { OpenSlot, Slots } from './chroma-slots.ts';
import { dropSlot, fitting, giveWay, makeSlot, readSlots, vectorsOf } from './chroma-slots.ts';
import { createChromaUsers } from './chroma-users.ts';
import type { Keyring } from './sealing/keyring.ts';
import type { UserSeal } from './sealing/user-seal.ts';
import type { Embedding, Found, MemoryRecord, MemoryStore } from './store.ts';
import type { UserEvents } from './user-events.ts';

export interface ChromaStoreOptions {
  readonly server: ChromaServer;
  readonly keyring: Keyring;
  readonly events: Pick<UserEvents, 'acked' | 'missed'>;
}

const NOTHING = { records: [], memories: [], unreadable: 0 } as const;

/** Its calls throw what the keyring and the log throw, too. Holds nothing open. */
export function createChromaStore({ server, keyring, events }: ChromaStoreOptions): MemoryStore {
  const users = createChromaUsers({ server, keyring, events });
  const { meet, call, advance } = users;

  /** What is done in one of the user's collections, the one that is searched if there are two; undefined where there is none. */
  const within = <T>(user: UserId, work: (place: Place) => Promise<T>): Promise<T | undefined> =>
    onceMore(async () => {
      const { own, current, next } = await meet(user);
      const slot = current ?? next;
      if (own === undefined || slot === undefined) return undefined;
      return call(user, (client) => work(placeOf(client, own, slot)));
    });

  /** Whatever is known. Of an attempt that died behind the delete, `next` is left to tell that a rebuild is wanted. */
  async function forget(user: UserId, which: (own: UserSeal) => Those): Promise<Pick<Found, 'rebuilding'>> {
    const own = await keyring.find(user);
    if (own === undefined) return { rebuilding: false };
    const those = which(own);
    const slots = await call(user, (client) => readSlots(client, own));
    const each = [slots.current, slots.next].filter((slot) => slot !== undefined);
    const holding = each.map((slot) =>
      call(user, (client) => ifThere(holdsAny(placeOf(client, own, slot), those))),
    );
    if (!(await Promise.all(holding)).includes(true)) return { rebuilding: slots.next !== undefined };
    await call(user, (client) => giveWay(client, own, slots));
    for (const slot of each)
      await call(user, (client) => ifThere(deleteThose(placeOf(client, own, slot), those)));
    return { rebuilding: true };
  }

  return {
    async check() {
      await server.call((client) => client.heartbeat());
    },

    async put(user, records, but) {
      const own = await keyring.need(user);
      const kept = records.filter((record) => but?.has(own.record(record)) !== true);
      const [first] = kept;
      if (first === undefined) return { rebuilding: false };
      const met = await meet(user, first.embedding);
      const slot = await call(user, async (client) => {
        const found = await slotFor(client, own, met, first.embedding);
        await writeRecords(placeOf(client, own, found), kept);
        return found;
      });
      const rebuilding = !met.whole || slot.slot === 'next';
      if (!rebuilding) await advance(user, own, slot, lastOf(kept));
      return { rebuilding };
    },

    nearest: (user, near, query) =>
      onceMore(async () => {
        const met = await meet(user, near);
        const { own, whole } = met;
        const slot = fitting(met, near);
        const rebuilding = !whole || (slot === undefined && met.current !== undefined);
        if (own === undefined || slot === undefined) return { ...NOTHING, rebuilding };
        const found = await call(user, (client) => readNearest(placeOf(client, own, slot), near, query));
        return { ...found, rebuilding };
      }),

    list: async (user, page) => (await within(user, (place) => readPage(place, page))) ?? NOTHING,
    count: async (user) => (await within(user, ({ collection }) => collection.count())) ?? 0,

    async standing(user) {
      const { current, next, whole } = await meet(user);
      const { model, projected = 0 } = current ?? next ?? {};
      return { model, projected: whole ? projected : 0, rebuilding: !whole };
    },

    forgetRecord: (user, id) => forget(user, () => ({ ids: [id] })),
    forgetWorkflow: (user, workflow) =>
      forget(user, (own) => ({ where: { workflow: own.workflow(workflow) } })),
    async forgetUser(user) {
      users.forget(user);
      const own = await keyring.find(user);
      if (own === undefined) return;
      await call(user, async (client) => {
        await dropSlot(client, own, 'next');
        await dropSlot(client, own, 'current');
      });
    },
  };
}

const placeOf = (client: ChromaClient, own: UserSeal, { id }: OpenSlot): Place => ({
  collection: client.collection(id),
  own,
});

/** A collection that was known and is gone is looked for once more: another one may have taken its place. */
const onceMore = <T>(work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    if (!isGone(error)) throw error;
    return work();
  });

/** Where records of this embedding belong; made, if nothing is there yet. */
async function slotFor(
  client: ChromaClient,
  own: UserSeal,
  slots: Slots,
  embedding: Embedding,
): Promise<OpenSlot> {
  const found = fitting(slots, embedding);
  if (found !== undefined) return found;
  if (slots.next === undefined)
    return makeSlot(client, own, slots.current === undefined ? 'current' : 'next', vectorsOf(embedding));
  throw new RetryableError(
    'memory_rebuilding',
    'The memory is being rebuilt for another embedding model than the one that answers.',
  );
}

const lastOf = (records: readonly MemoryRecord[]): number =>
  Math.max(...records.map(({ eventSeq }) => eventSeq));
