// The memory store in Chroma. Chroma has no authentication and knows no users: a collection's name is made with the user's own key, so that
// nobody else's data leads to it, and what is in it is sealed. The vectors are not.
import type { ChromaClient } from 'chromadb';
import type { UserId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import { createForget } from './chroma-forget.ts';
import type { Place } from './chroma-records.ts';
import { placeOf, readNearest, readPage, writeRecords } from './chroma-records.ts';
import { isGone } from './chroma-server.ts';
import type { OpenSlot, Slots } from './chroma-slots.ts';
import { fits, fitting, makeSlot, vectorsOf } from './chroma-slots.ts';
import type { ChromaUsersOptions } from './chroma-users.ts';
import { createChromaUsers } from './chroma-users.ts';
import type { Keyring } from './sealing/keyring.ts';
import type { UserSeal } from './sealing/user-seal.ts';
import type { Embedding, MemoryStore } from './store.ts';

export interface ChromaStoreOptions extends ChromaUsersOptions {
  readonly keyring: Keyring;
}

const NOTHING = { records: [], memories: [], unreadable: 0 } as const;

/** Its calls throw what the keyring, the log and `forgotten` throw, too. Holds nothing open. */
export function createChromaStore(options: ChromaStoreOptions): MemoryStore {
  const { server, keyring, forgotten } = options;
  const users = createChromaUsers(options);
  const { meet, call, advance } = users;
  const { forget, drop } = createForget({ keyring, users });

  /** What is done in one of the user's collections, the one that is searched if there are two; undefined where there is none. */
  const within = <T>(user: UserId, work: (place: Place) => Promise<T>): Promise<T | undefined> =>
    onceMore(async () => {
      const { own, current, next } = await meet(user);
      const slot = current ?? next;
      if (own === undefined || slot === undefined) return undefined;
      return call(user, (client) => work(placeOf(client, own, slot)));
    });

  /** Looks behind a write whether the user was erased meanwhile: what was written stands where nobody would look for it any more. */
  async function stillThere(user: UserId, own: UserSeal): Promise<void> {
    const now = await keyring.find(user);
    if (now?.collection('current') === own.collection('current')) return;
    await drop(user, own);
    throw new RetryableError('memory_unavailable', 'The user was erased while a record was written.');
  }

  return {
    async check() {
      await server.call((client) => client.heartbeat());
    },

    async put(user, records) {
      const [first] = records;
      if (first === undefined) return { rebuilding: false };
      const own = await keyring.need(user);
      const met = await meet(user, { near: first.embedding, own });
      const slot = await call(user, async (client) => {
        const found = await slotFor(client, own, met, first.embedding);
        await writeRecords(placeOf(client, own, found), records);
        return found;
      });
      await stillThere(user, own);
      // A record is marked before it is deleted: either that delete comes behind this write, or the mark is seen here.
      const marks = await forgotten(user);
      const ids = records.map((record) => own.record(record)).filter((id) => marks.has(id));
      if (ids.length > 0) return forget(user, () => ({ ids }));
      const rebuilding = !met.whole || slot.slot === 'next';
      if (!rebuilding) await advance(user, own, slot, new Set(records.map(({ eventSeq }) => eventSeq)));
      return { rebuilding };
    },

    nearest: (user, near, query) =>
      onceMore(async () => {
        const met = await meet(user, { near });
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
      const own = await keyring.find(user);
      if (own === undefined) return;
      await drop(user, own);
      await keyring.destroy(user);
      // A write that looked before the key was gone may have made it again.
      await drop(user, own);
    },
  };
}

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
  if (slots.next === undefined) {
    const slot = slots.current === undefined ? 'current' : 'next';
    // Another process may have made it, for another model.
    const made = await makeSlot(client, own, slot, vectorsOf(embedding));
    if (fits(made, embedding)) return made;
  }
  throw new RetryableError(
    'memory_rebuilding',
    'The memory is being rebuilt for another embedding model than the one that answers.',
  );
}
