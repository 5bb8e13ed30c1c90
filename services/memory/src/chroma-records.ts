// Records in one user's collection: how they are written and how they are read back.
import type { Collection } from 'chromadb';
import { ChromaServerError } from 'chromadb';
import { z } from 'zod';
import type { MemorySnippet, UserId } from '@troupe/contracts';
import { hashOf, WorkflowId } from '@troupe/contracts';
import type { Embedding, MemoryRecord } from './store.ts';

/** Adds what is new; of a text that is there already only says that it was met again, if that was later. */
export async function writeRecords(
  collection: Collection,
  user: UserId,
  records: readonly MemoryRecord[],
): Promise<void> {
  const newest = newestByText(records);
  const { ids, metadatas } = await collection.get({ ids: [...newest.keys()], include: ['metadatas'] });
  const stored = new Map(ids.map((id, i) => [id, Number(metadatas[i]?.['event_seq'])]));

  const added = [...newest].filter(([id]) => !stored.has(id));
  if (added.length > 0) {
    await collection.upsert({
      ids: added.map(([id]) => id),
      documents: added.map(([, { text }]) => text),
      embeddings: added.map(([, { embedding }]) => [...embedding.vector]),
      metadatas: added.map(([, record]) => metadataOf(user, record)),
    });
  }
  const metAgain = [...newest].filter(([id, { eventSeq }]) => eventSeq > (stored.get(id) ?? eventSeq));
  if (metAgain.length > 0) {
    // Without the vector: writing it again would loosen its place in the index.
    await collection.update({
      ids: metAgain.map(([id]) => id),
      metadatas: metAgain.map(([, record]) => metadataOf(user, record)),
    });
  }
}

/** The records nearest to `near`, best first. */
export async function readNearest(
  collection: Collection,
  user: UserId,
  near: Embedding,
  limit: number,
): Promise<MemorySnippet[]> {
  const query = () => collection.query({ queryEmbeddings: [[...near.vector]], nResults: limit });
  const found = await query().catch(async (error: unknown) => {
    if (!(error instanceof ChromaServerError)) throw error;
    await wakeIndex(collection);
    return query();
  });
  const rows = found.rows()[0] ?? [];
  return rows.map((row) => snippetOf(user, row)).filter((snippet) => snippet !== undefined);
}

/**
 * A Chroma whose cache of indexes is limited drops one that it never wrote to disk and cannot load it again ("Nothing found
 * on disk", 1.4.4), though the records are there. Any write makes it build the index anew, also one that changes nothing.
 */
async function wakeIndex(collection: Collection): Promise<void> {
  await collection.delete({ ids: ['no-such-record'] });
}

const newestByText = (records: readonly MemoryRecord[]): Map<string, MemoryRecord> =>
  new Map(records.toSorted((a, b) => a.eventSeq - b.eventSeq).map((record) => [hashOf(record.text), record]));

const metadataOf = (user: UserId, { kind, workflow, createdAt, eventSeq }: MemoryRecord) => ({
  user_id: user,
  workflow_id: workflow,
  created_at: createdAt.toISOString(),
  kind,
  event_seq: eventSeq,
});

const Row = z.object({
  document: z.string(),
  distance: z.number(),
  metadata: z.object({ user_id: z.string(), workflow_id: WorkflowId, created_at: z.string() }),
});

/** The collection already is the user's own; what nevertheless names another user is not handed out. */
function snippetOf(user: UserId, row: unknown): MemorySnippet | undefined {
  const { success, data } = Row.safeParse(row);
  if (!success || data.metadata.user_id !== user) return undefined;
  const { workflow_id, created_at } = data.metadata;
  return { text: data.document, workflow_id, created_at, score: 1 - data.distance };
}
