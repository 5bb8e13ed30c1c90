// The memory store in Chroma: one collection per user and embedding model, made with the user's first record. Chroma has
// no authentication and knows no users, so names and ids of collections are derived and kept here and told to nobody.
import type { Collection } from 'chromadb';
import { ChromaClient, ChromaClientError, ChromaNotFoundError, ChromaValueError } from 'chromadb';
import { z } from 'zod';
import type { MemorySnippet, UserId } from '@troupe/contracts';
import { hashOf, WorkflowId } from '@troupe/contracts';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { Embedding, MemoryStore } from './store.ts';

/** How many ids of collections are kept at hand: looking one up by name costs as much as the query itself. */
const KNOWN_COLLECTIONS = 10_000;

export interface ChromaStore extends MemoryStore {
  /** Resolves when the server answers. Throws RetryableError `memory_unavailable`. */
  check(): Promise<void>;
}

/** `url` is the server's origin; `timeoutMs` bounds each call, however many requests it takes. Holds nothing open. */
export function createChromaStore({ url, timeoutMs }: { url: string; timeoutMs: number }): ChromaStore {
  const address = addressOf(new URL(url));
  const known = new Map<string, string>();

  /** The library has no timeouts of its own, but hands a signal through: each call has its own client, and so its own end. */
  const connect = (): ChromaClient =>
    new ChromaClient({ ...address, fetchOptions: { signal: AbortSignal.timeout(timeoutMs) } });

  async function withCollection<T>(
    name: string,
    open: (client: ChromaClient) => Promise<Collection | undefined>,
    use: (collection: Collection) => Promise<T>,
  ): Promise<T | undefined> {
    const client = connect();
    try {
      const id = known.get(name);
      const collection = id === undefined ? await open(client) : client.collection(id);
      if (collection === undefined) return undefined;
      if (known.size >= KNOWN_COLLECTIONS) known.clear();
      known.set(name, collection.id);
      return await use(collection);
    } catch (error) {
      // Deleted by somebody else, or by a server that lost its data: the next attempt looks it up by its name.
      if (error instanceof ChromaNotFoundError) known.delete(name);
      throw faultOf(error);
    }
  }

  return {
    async check() {
      await connect()
        .heartbeat()
        .catch((error: unknown) => {
          throw faultOf(error);
        });
    },

    async put(user, { id, kind, text, embedding, workflow, createdAt, eventSeq }) {
      const record = {
        ids: [id],
        documents: [text],
        embeddings: [[...embedding.vector]],
        metadatas: [
          {
            user_id: user,
            workflow_id: workflow,
            created_at: createdAt.toISOString(),
            kind,
            event_seq: eventSeq,
          },
        ],
      };
      await withCollection(
        collectionName(user, embedding),
        (client) => makeCollection(client, user, embedding),
        (collection) => collection.upsert(record),
      );
    },

    async nearest(user, near, limit) {
      const name = collectionName(user, near);
      const found = await withCollection(
        name,
        (client) => findCollection(client, name),
        (collection) => collection.query({ queryEmbeddings: [[...near.vector]], nResults: limit }),
      );
      const rows = found?.rows()[0] ?? [];
      return rows.map((row) => snippetOf(user, row)).filter((snippet) => snippet !== undefined);
    },
  };
}

/** Pure: where a user's records of one embedding model are. Users cannot choose it, and no two share it. */
export const collectionName = (user: UserId, { model, vector }: Embedding): string =>
  `workflow_context_${hashOf([user, model, vector.length]).slice(0, 32)}`;

const makeCollection = (client: ChromaClient, user: UserId, embedding: Embedding): Promise<Collection> =>
  client.getOrCreateCollection({
    name: collectionName(user, embedding),
    embeddingFunction: null,
    configuration: { hnsw: { space: 'cosine' } },
    metadata: { user_id: user, model: embedding.model, dimensions: embedding.vector.length },
  });

const findCollection = (client: ChromaClient, name: string): Promise<Collection | undefined> =>
  client.getCollection({ name }).catch((error: unknown) => {
    if (error instanceof ChromaNotFoundError) return undefined;
    throw error;
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

const addressOf = ({ protocol, hostname, port }: URL): { host: string; port: number; ssl: boolean } => {
  const ssl = protocol === 'https:';
  return { host: hostname, port: port === '' ? (ssl ? 443 : 80) : Number(port), ssl };
};

/** What Chroma or its client refuses will be refused again; everything else is Chroma being away or unwell. */
function faultOf(cause: unknown): RetryableError | TerminalError {
  const name = cause instanceof Error ? cause.name : 'unknown';
  if (cause instanceof ChromaClientError || cause instanceof ChromaValueError) {
    return new TerminalError(
      {
        code: 'memory_refused',
        message: `Chroma refused a request (${name}).`,
        hint: 'The log of the memory service has its reason.',
      },
      { cause },
    );
  }
  return new RetryableError('memory_unavailable', `Chroma did not answer as it should (${name}).`, { cause });
}
