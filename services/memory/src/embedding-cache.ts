// Vectors that were paid for lately, by the hash of their text: what is written again after a fault, and a query that is asked again, cost
// nothing. Of one model: an answer of another one empties it. Bounded in number and in time, and never on a disk.
import { hashOf } from '@troupe/contracts';
import type { Embed } from './embedder.ts';
import type { Embedding } from './store.ts';

export interface CacheOptions {
  readonly most: number;
  /** As long as this a change of the embedding model may go unnoticed. */
  readonly forMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Kept {
  readonly embedding: Embedding;
  readonly until: number;
}

/** As `embed`, which is asked only for texts that are not at hand. Of one call, all embeddings are of one model. */
export function cached(embed: Embed, { most, forMs, now }: CacheOptions): Embed {
  const kept = new Map<string, Kept>();
  let model: string | undefined;

  function keep(hash: string, embedding: Embedding): void {
    if (embedding.model !== model) kept.clear();
    model = embedding.model;
    kept.delete(hash);
    kept.set(hash, { embedding, until: now() + forMs });
    // The oldest go first: a map keeps the order in which it was filled.
    for (const oldest of kept.keys()) {
      if (kept.size <= most) break;
      kept.delete(oldest);
    }
  }

  function find(hash: string): Embedding | undefined {
    const found = kept.get(hash);
    if (found !== undefined && found.until > now()) return found.embedding;
    kept.delete(hash);
    return undefined;
  }

  return async (user, items) => {
    const asked = items.map((item) => ({ item, hash: hashOf(item.text) }));
    const at = new Map(asked.map(({ hash }) => [hash, find(hash)]));
    const missing = new Map(
      asked.filter(({ hash }) => at.get(hash) === undefined).map((one) => [one.hash, one]),
    );
    const before = model;
    const answers =
      missing.size === 0
        ? []
        : await embed(
            user,
            [...missing].map(([hash, { item }]) => ({ hash, text: item.text })),
          );
    for (const { hash, embedding } of answers) {
      keep(hash, embedding);
      at.set(hash, embedding);
    }
    // What was at hand is of a model that answers no more.
    if (answers.length > 0 && answers.length < at.size && model !== before) return embed(user, items);
    return asked.map(({ item, hash }) => ({ ...item, embedding: at.get(hash) as Embedding }));
  };
}
