// The memory store in Chroma: one collection per user and embedding model, made with the user's first record. Chroma has no
// authentication and knows no users: a collection's name is made with the user's own key, so that nobody else's data leads to it, and
// what is in it is sealed. The vectors are not.
import type { Collection } from 'chromadb';
import { ChromaClient, ChromaClientError, ChromaNotFoundError, ChromaValueError } from 'chromadb';
import { RetryableError, TerminalError } from '@troupe/shared';
import { readNearest, writeRecords } from './chroma-records.ts';
import type { Keyring } from './sealing/keyring.ts';
import type { Embedding, Found, MemoryRecord, MemoryStore } from './store.ts';

/**
 * Memories resemble each other: the same kind of run, day after day. With Chroma's own values (16, 100, 100) the index of a
 * user with 2,000 similar records and 40 others missed 4 to 10 of the 40 when asked for by their own vectors; with these, at
 * most one. They cost half a kilobyte a record.
 */
const INDEX = { space: 'cosine', max_neighbors: 64, ef_construction: 400, ef_search: 500 } as const;

/** How many ids of collections are kept at hand: looking one up by name costs as much as the query itself. */
const KNOWN_COLLECTIONS = 10_000;

export interface ChromaOptions {
  /** The server's origin. */
  readonly url: string;
  /** Bounds each call, however many requests it takes. */
  readonly timeoutMs: number;
  readonly keyring: Keyring;
}

const NOTHING: Found = { memories: [], unreadable: 0 };

/** Its calls throw what the keyring throws, too. Holds nothing open. */
export function createChromaStore({ url, timeoutMs, keyring }: ChromaOptions): MemoryStore {
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

    async put(user, records) {
      const own = await keyring.need(user);
      const nameOf = ({ embedding }: MemoryRecord): string => own.collection(embedding);
      const collections = new Map(records.map((record) => [nameOf(record), record.embedding]));
      for (const [name, embedding] of collections) {
        const together = records.filter((record) => nameOf(record) === name);
        await withCollection(
          name,
          (client) => makeCollection(client, name, embedding),
          (collection) => writeRecords(collection, own, together),
        );
      }
    },

    async nearest(user, near, limit) {
      const own = await keyring.find(user);
      if (own === undefined) return NOTHING;
      const name = own.collection(near);
      const found = await withCollection(
        name,
        (client) => findCollection(client, name),
        (collection) => readNearest(collection, own, near, limit),
      );
      return found ?? NOTHING;
    },
  };
}

const makeCollection = (client: ChromaClient, name: string, embedding: Embedding): Promise<Collection> =>
  client.getOrCreateCollection({
    name,
    embeddingFunction: null,
    configuration: { hnsw: INDEX },
    metadata: { model: embedding.model, dimensions: embedding.vector.length },
  });

const findCollection = (client: ChromaClient, name: string): Promise<Collection | undefined> =>
  client.getCollection({ name }).catch((error: unknown) => {
    if (error instanceof ChromaNotFoundError) return undefined;
    throw error;
  });

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
