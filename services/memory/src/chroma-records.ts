// Records in one of a user's collections: how they are sealed and written, and how they are read back and opened. Chroma is given vectors,
// names made with the user's key, and ciphertext.
import type { ChromaClient, Collection } from 'chromadb';
import { ChromaServerError } from 'chromadb';
import { z } from 'zod';
import { WorkflowId } from '@troupe/contracts';
import { ifThere } from './chroma-server.ts';
import type { UserSeal } from './sealing/user-seal.ts';
import type { Embedding, Found, Memory, MemoryRecord, Page, Query, StoredMemory } from './store.ts';

/** Where a user's records are, and with what they are opened. */
export interface Place {
  readonly collection: Collection;
  readonly own: UserSeal;
}

export const placeOf = (client: ChromaClient, own: UserSeal, { id }: { readonly id: string }): Place => ({
  collection: client.collection(id),
  own,
});

/** What is written twice is there once. */
export async function writeRecords(
  { collection, own }: Place,
  records: readonly MemoryRecord[],
): Promise<void> {
  const written = [...new Map(records.map((record) => [own.record(record), record]))];
  if (written.length === 0) return;
  await collection.upsert({
    ids: written.map(([id]) => id),
    embeddings: written.map(([, { embedding }]) => [...embedding.vector]),
    metadatas: written.map(([id, record]) => metadataOf(own, id, record)),
  });
}

/** The records nearest to `near`, best first. */
export async function readNearest(
  { collection, own }: Place,
  near: Embedding,
  { limit, workflow }: Query,
): Promise<Omit<Found, 'rebuilding'>> {
  const query = () =>
    collection.query({
      queryEmbeddings: [[...near.vector]],
      nResults: limit,
      include: ['metadatas', 'distances'],
      ...whereOf(own, workflow),
    });
  const found = await query().catch(async (error: unknown) => {
    if (!(error instanceof ChromaServerError && error.message.includes(ASLEEP))) throw error;
    await wakeIndex(collection);
    return query();
  });
  const rows = found.rows()[0] ?? [];
  const memories = rows.flatMap(({ id, metadata, distance }) => {
    const memory = opened(own, id, metadata);
    return memory === undefined ? [] : [{ ...memory, score: 1 - (distance ?? 1) }];
  });
  return { memories, unreadable: rows.length - memories.length };
}

/** What a Chroma says (1.4.4) whose cache of indexes is limited, and which dropped one that it never wrote to disk. */
const ASLEEP = 'Nothing found on disk';

/** The records are there: any write makes it build the index anew, also one that changes nothing. */
async function wakeIndex(collection: Collection): Promise<void> {
  await collection.delete({ ids: ['no-such-record'] });
}

/** As a page names the next one; whatever else a caller says begins with the first. */
const OFFSET = /^\d{1,9}$/;

/** In the order in which they were first written. */
export async function readPage(
  { collection, own }: Place,
  { limit, workflow, after }: Query & { readonly after?: string | undefined },
): Promise<Page> {
  const offset = OFFSET.test(after ?? '') ? Number(after) : 0;
  // One more than asked for tells whether there is more.
  const { ids, metadatas } = await collection.get({
    ...{ limit: limit + 1, offset, include: ['metadatas'] },
    ...whereOf(own, workflow),
  });
  const shown = ids.slice(0, limit);
  const records = shown.flatMap((id, i): StoredMemory[] => {
    const memory = opened(own, id, metadatas[i]);
    return memory === undefined ? [] : [{ id, ...memory }];
  });
  const page = { records, unreadable: shown.length - records.length };
  return ids.length > limit ? { ...page, next: String(offset + limit) } : page;
}

/** Of the records with these names, those that are there and can be opened. */
export async function readHeld({ collection, own }: Place, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const found = await collection.get({ ids: [...ids], include: ['metadatas'] });
  return new Set(found.ids.filter((id, i) => opened(own, id, found.metadatas[i]) !== undefined));
}

/** The name of each record and the event that left it, where it can be opened. */
export async function readNames(
  { collection, own }: Place,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<{ readonly id: string; readonly eventSeq: number | undefined }[]> {
  const { ids, metadatas } = await collection.get({ limit, offset, include: ['metadatas'] });
  return ids.map((id, i) => ({ id, eventSeq: opened(own, id, metadatas[i])?.eventSeq }));
}

/** Brings those of the records that are in `from` and can be opened over as they are. Resolves with their names; none, where it is gone. */
export async function copyRecords(from: Place, to: Place, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const include: ('embeddings' | 'metadatas')[] = ['embeddings', 'metadatas'];
  const found = await ifThere(from.collection.get({ ids: [...names], include }));
  const records = (found?.ids ?? []).flatMap((id, i) => {
    const { data: metadata } = Metadata.safeParse(found?.metadatas[i]);
    const vector = found?.embeddings[i];
    const isSound = metadata && vector && opened(from.own, id, metadata) !== undefined;
    return isSound ? [{ id, metadata, vector }] : [];
  });
  if (records.length === 0) return [];
  const ids = records.map(({ id }) => id);
  await to.collection.upsert({
    ids,
    embeddings: records.map(({ vector }) => vector),
    metadatas: records.map(({ metadata }) => metadata),
  });
  return ids;
}

/** Some of a collection's records. */
export type Those = { readonly ids: string[] } | { readonly where: { readonly workflow: string } };

export async function holdsAny({ collection }: Place, those: Those): Promise<boolean> {
  return (await collection.get({ ...those, limit: 1, include: [] })).ids.length > 0;
}

export async function deleteThose({ collection }: Place, those: Those): Promise<void> {
  await collection.delete(those);
}

const whereOf = (own: UserSeal, workflow: WorkflowId | undefined) =>
  workflow === undefined ? {} : { where: { workflow: own.workflow(workflow) } };

/** What of a memory is sealed. */
const Content = z.object({
  kind: z.enum(['outcome', 'remembered']),
  text: z.string(),
  workflow: WorkflowId,
  createdAt: z.coerce.date(),
  eventSeq: z.int(),
});

/** What Chroma is told of a record: `workflow` is its name under the user's key, to filter by. */
const Metadata = z.object({ workflow: z.string(), sealed: z.string() });

function metadataOf(own: UserSeal, id: string, record: MemoryRecord): z.infer<typeof Metadata> {
  const { kind, text, createdAt, eventSeq } = record;
  const content = JSON.stringify({ kind, text, workflow: record.workflow, createdAt, eventSeq });
  const workflow = own.workflow(record.workflow);
  return { workflow, sealed: own.seal({ id, workflow }, content) };
}

/** Undefined for what was not sealed with this user's key for this record and workflow. */
function opened(own: UserSeal, id: string, metadata: unknown): Memory | undefined {
  const { data } = Metadata.safeParse(metadata);
  const plain = data && own.open({ id, workflow: data.workflow }, data.sealed);
  return plain === undefined ? undefined : Content.safeParse(JSON.parse(plain)).data;
}
