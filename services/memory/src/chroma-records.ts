// Records in one user's collection: how they are sealed and written, and how they are read back and opened. Chroma is given vectors,
// names made with the user's key, and ciphertext.
import type { Collection } from 'chromadb';
import { ChromaServerError } from 'chromadb';
import { z } from 'zod';
import { WorkflowId } from '@troupe/contracts';
import type { UserSeal } from './sealing/user-seal.ts';
import type { Embedding, Found, Memory, MemoryRecord } from './store.ts';

/** Adds what is new; of a text that is there already only says that it was met again, if that was later. */
export async function writeRecords(
  collection: Collection,
  own: UserSeal,
  records: readonly MemoryRecord[],
): Promise<void> {
  const newest = newestByName(own, records);
  const { ids, metadatas } = await collection.get({ ids: [...newest.keys()], include: ['metadatas'] });
  const stored = new Map(ids.map((id, i) => [id, opened(own, id, metadatas[i])]));

  const added = [...newest].filter(([id]) => !stored.has(id));
  if (added.length > 0) {
    await collection.upsert({
      ids: added.map(([id]) => id),
      embeddings: added.map(([, { embedding }]) => [...embedding.vector]),
      metadatas: added.map(([id, record]) => metadataOf(own, id, record)),
    });
  }
  // What cannot be opened was not written by us, or was spoilt: it is written anew.
  const metAgain = [...newest].filter(
    ([id, { eventSeq }]) => stored.has(id) && eventSeq > (stored.get(id)?.eventSeq ?? 0),
  );
  if (metAgain.length > 0) {
    // Without the vector: writing it again would loosen its place in the index.
    await collection.update({
      ids: metAgain.map(([id]) => id),
      metadatas: metAgain.map(([id, record]) => metadataOf(own, id, record)),
    });
  }
}

/** The records nearest to `near`, best first. */
export async function readNearest(
  collection: Collection,
  own: UserSeal,
  near: Embedding,
  limit: number,
): Promise<Found> {
  const query = () =>
    collection.query({
      queryEmbeddings: [[...near.vector]],
      nResults: limit,
      include: ['metadatas', 'distances'],
    });
  const found = await query().catch(async (error: unknown) => {
    if (!(error instanceof ChromaServerError)) throw error;
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

/**
 * A Chroma whose cache of indexes is limited drops one that it never wrote to disk and cannot load it again ("Nothing found
 * on disk", 1.4.4), though the records are there. Any write makes it build the index anew, also one that changes nothing.
 */
async function wakeIndex(collection: Collection): Promise<void> {
  await collection.delete({ ids: ['no-such-record'] });
}

const newestByName = (own: UserSeal, records: readonly MemoryRecord[]): Map<string, MemoryRecord> =>
  new Map(
    records.toSorted((a, b) => a.eventSeq - b.eventSeq).map((record) => [own.record(record.text), record]),
  );

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
