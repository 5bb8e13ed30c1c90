// A user's two collections in Chroma. `current` is searched and written; `next` is there only while it is to give way: to vectors of another
// embedding model, or since something of it was forgotten. A rebuild fills `next`, which then takes the other's place and name. Both names
// are made with the user's key alone: what is the user's is found without a look at what is anybody else's, whatever the models were.
import type { ChromaClient, Collection } from 'chromadb';
import { z } from 'zod';
import { ifThere } from './chroma-server.ts';
import type { Slot, UserSeal } from './sealing/user-seal.ts';
import type { Embedding } from './store.ts';

/**
 * Memories resemble each other: the same kind of run, day after day. With Chroma's own values (16, 100, 100) the index of a
 * user with 2,000 similar records and 40 others missed 4 to 10 of the 40 when asked for by their own vectors; with these, at
 * most one. They cost half a kilobyte a record.
 */
const INDEX = { space: 'cosine', max_neighbors: 64, ef_construction: 400, ef_search: 500 } as const;

/** What the vectors of a collection are. */
export interface Vectors {
  readonly model: string;
  readonly dimensions: number;
}

/** Stands only in a collection that is whole. */
export interface Whole {
  /** The last event of the log that is in it. */
  readonly projected: number;
  /** A rebuild found nothing for it: that it has no records is no loss. */
  readonly empty?: true;
}

/** Of each collection. */
const Description = z.object({
  model: z.string(),
  dimensions: z.int(),
  projected: z.int().nonnegative().optional(),
  empty: z.literal(true).optional(),
});

export interface OpenSlot extends z.infer<typeof Description> {
  readonly slot: Slot;
  readonly id: string;
  /** Of the call in which it was read. */
  readonly collection: Collection;
}

export interface Slots {
  readonly current?: OpenSlot | undefined;
  readonly next?: OpenSlot | undefined;
}

export async function readSlots(client: ChromaClient, own: UserSeal): Promise<Slots> {
  const [current, next] = await Promise.all([
    readSlot(client, own, 'current'),
    readSlot(client, own, 'next'),
  ]);
  return { current, next };
}

export async function readSlot(
  client: ChromaClient,
  own: UserSeal,
  slot: Slot,
): Promise<OpenSlot | undefined> {
  const collection = await ifThere(client.getCollection({ name: own.collection(slot) }));
  return collection && openSlot(slot, collection);
}

/** Made, if it is not there. */
export async function makeSlot(
  client: ChromaClient,
  own: UserSeal,
  slot: Slot,
  { model, dimensions }: Vectors,
): Promise<OpenSlot> {
  const collection = await client.getOrCreateCollection({
    name: own.collection(slot),
    embeddingFunction: null,
    configuration: { hnsw: INDEX },
    metadata: { model, dimensions },
  });
  return openSlot(slot, collection);
}

export async function dropSlot(client: ChromaClient, own: UserSeal, slot: Slot): Promise<void> {
  await ifThere(client.deleteCollection({ name: own.collection(slot) }));
}

/** Writes how far a collection is: undefined for one that is not whole. */
export async function mark(
  { collection, model, dimensions }: OpenSlot,
  whole: Whole | undefined,
): Promise<void> {
  await collection.modify({ metadata: { model, dimensions, ...whole } });
}

/** Gives `next` the name of `current`, which must be gone, and says in the same moment how far it is. */
export async function promote(
  { collection, model, dimensions }: OpenSlot,
  own: UserSeal,
  whole: Whole | undefined,
): Promise<void> {
  await collection.modify({ name: own.collection('current'), metadata: { model, dimensions, ...whole } });
}

/**
 * Has what is searched give way to an empty `next`. Must come before anything is deleted for good: a collection that goes on keeps the
 * vectors and the ciphertext of what was deleted in Chroma's files, vacuumed or not, and only one that was dropped is cleared of them.
 * `next` itself says so, and no mark in the metadata of `current`: that is written anew by whoever advances it.
 */
export async function giveWay(client: ChromaClient, own: UserSeal, { current, next }: Slots): Promise<void> {
  const vectors = next ?? current;
  if (vectors === undefined) return;
  // What a rebuild was filling may hold it, too. Where it is all there is, it is searched until the other is filled.
  if (current !== undefined) await dropSlot(client, own, 'next');
  else if (next !== undefined) await promote(next, own, undefined);
  await makeSlot(client, own, 'next', vectors);
}

export const vectorsOf = ({ model, vector }: Embedding): Vectors => ({ model, dimensions: vector.length });

/** The one for vectors like `embedding`: those of different models, or of different lengths, are never compared. */
export const fitting = ({ current, next }: Slots, embedding: Embedding): OpenSlot | undefined =>
  [current, next].find((slot) => slot !== undefined && fits(slot, embedding));

export const fits = (slot: Vectors, { model, vector }: Embedding): boolean =>
  slot.model === model && slot.dimensions === vector.length;

/** A collection under our name that we did not describe is as good as none of the right model. */
const openSlot = (slot: Slot, collection: Collection): OpenSlot => {
  const described = Description.safeParse(collection.metadata).data ?? { model: '', dimensions: 0 };
  return { ...described, slot, id: collection.id, collection };
};
