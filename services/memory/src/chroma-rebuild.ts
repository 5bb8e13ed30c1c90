// One user's memory, written anew beside its use: in its place, or in a second collection that takes the first one's place when it is
// complete, where the model is another one or the first has to give way. Vectors of the same model are not paid again in either case. Every
// step can be done again, by any process.
import type { ChromaClient } from 'chromadb';
import type { UserId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import type { Place } from './chroma-records.ts';
import { copyRecords, deleteThose, placeOf, readHeld, readNames, writeRecords } from './chroma-records.ts';
import type { ChromaServer } from './chroma-server.ts';
import type { OpenSlot, Whole } from './chroma-slots.ts';
import { dropSlot, fits, makeSlot, mark, promote, readSlots, vectorsOf } from './chroma-slots.ts';
import type { Keyring } from './sealing/keyring.ts';
import type { UserSeal } from './sealing/user-seal.ts';
import type { Embedding, Memory, MemoryRecord } from './store.ts';

const NAMES_AT_ONCE = 1_000;
/** Their vectors are read and written in one call, which is bounded in time. */
const COPIES_AT_ONCE = 32;

export interface Renewal {
  /** The name of a memory's record. */
  name(memory: Memory): string;
  /** Of these, those that are there, be it that they were brought over from the collection that gives way. */
  held(names: readonly string[]): Promise<ReadonlySet<string>>;
  /** Throws RetryableError `memory_rebuilding` for records of another model than the one that it began with. */
  put(records: readonly MemoryRecord[]): Promise<void>;
  /** From here on, what is new is written nowhere else. */
  settle(): Promise<void>;
  /**
   * Removes what `wanted` does not name and is not newer than `seq`, and says that the memory is whole up to there. Throws RetryableError
   * `memory_rebuilding` if something that is wanted is missing.
   */
  finish(wanted: ReadonlySet<string>, seq: number): Promise<void>;
}

/** What all of it throws: what the keyring and the server throw. */
export type Renew = (user: UserId, embedding: Embedding) => Promise<Renewal>;

export const createRenew =
  (server: ChromaServer, keyring: Pick<Keyring, 'need'>): Renew =>
  async (user, embedding) => {
    const own = await keyring.need(user);
    const { slot, old } = await server.call((client) => begin(client, own, embedding));
    const placed = (client: ChromaClient, at = slot): Place => placeOf(client, own, at);

    /** What has no place in it: of no event, or spoilt. And how much of what is wanted is there. */
    async function sift(wanted: ReadonlySet<string>, seq: number) {
      const strays: string[] = [];
      let found = 0;
      for (let offset = 0; ; offset += NAMES_AT_ONCE) {
        const page = await server.call((client) =>
          readNames(placed(client), { limit: NAMES_AT_ONCE, offset }),
        );
        for (const { id, eventSeq = 0 } of page) {
          if (wanted.has(id)) found += 1;
          else if (eventSeq <= seq) strays.push(id);
        }
        if (page.length < NAMES_AT_ONCE) return { strays, found };
      }
    }

    return {
      name: (memory) => own.record(memory),
      async held(names) {
        const held = await server.call((client) => readHeld(placed(client), names));
        if (old === undefined) return held;
        const missing = names.filter((name) => !held.has(name));
        for (let i = 0; i < missing.length; i += COPIES_AT_ONCE) {
          const some = missing.slice(i, i + COPIES_AT_ONCE);
          const copied = await server.call((client) =>
            copyRecords(placed(client, old), placed(client), some),
          );
          for (const name of copied) held.add(name);
        }
        return held;
      },
      async put(records) {
        if (!records.every(({ embedding: one }) => fits(slot, one))) throw otherModel();
        await server.call((client) => writeRecords(placed(client), records));
      },
      async settle() {
        if (slot.slot === 'next') await server.call((client) => dropSlot(client, own, 'current'));
      },
      async finish(wanted, seq) {
        const { strays, found } = await sift(wanted, seq);
        if (found < wanted.size) throw lost();
        for (let i = 0; i < strays.length; i += NAMES_AT_ONCE) {
          const some = strays.slice(i, i + NAMES_AT_ONCE);
          await server.call((client) => deleteThose(placed(client), { ids: some }));
        }
        await server.call(async (client) => {
          const { current, next } = await readSlots(client, own);
          const now = [current, next].find((one) => one?.id === slot.id);
          if (now === undefined) throw lost();
          const projected = Math.max(seq, now.projected ?? 0);
          const isEmpty = (await placed(client).collection.count()) === 0;
          const whole: Whole = isEmpty ? { projected, empty: true } : { projected };
          if (now.slot === 'next') await promote(now, own, whole);
          else await mark(now, whole);
        });
      },
    };
  };

/**
 * The collection that is written, which does not say that it is whole, and the one whose vectors can be brought over. A `next` that is there
 * stands for a `current` that is to give way, also where its vectors would do.
 */
async function begin(
  client: ChromaClient,
  own: UserSeal,
  embedding: Embedding,
): Promise<{ readonly slot: OpenSlot; readonly old: OpenSlot | undefined }> {
  const { current, next } = await readSlots(client, own);
  const old = current !== undefined && fits(current, embedding) ? current : undefined;
  if (next !== undefined && fits(next, embedding)) return { slot: next, old };
  if (next === undefined && old !== undefined) {
    await mark(old, undefined);
    return { slot: old, old: undefined };
  }
  // Without `next` it would look whole, if nothing came behind this.
  if (current !== undefined) await mark(current, undefined);
  if (next !== undefined) await dropSlot(client, own, 'next');
  const slot = current === undefined ? 'current' : 'next';
  return { slot: await makeSlot(client, own, slot, vectorsOf(embedding)), old };
}

const otherModel = (): RetryableError =>
  new RetryableError(
    'memory_rebuilding',
    'Several embedding models answer; a rebuild waits until it is one.',
  );

const lost = (): RetryableError =>
  new RetryableError('memory_rebuilding', 'Chroma lost what was written to it while the memory was rebuilt.');
