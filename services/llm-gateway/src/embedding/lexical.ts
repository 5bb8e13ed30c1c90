// Embedding without a model, for installations without a key: words, pairs of neighbouring words and the letter triples of
// each word are hashed to signed dimensions. Texts that share words or word stems are near; nothing here knows meaning.
import type { Embedder } from './embedder.ts';

const DIMENSIONS = 384;
const WORD = 1;
const PAIR = 0.5;
const TRIPLE = 0.25;

export const lexicalEmbedder: Embedder = {
  model: `lexical-${DIMENSIONS}`,
  dimensions: DIMENSIONS,
  async embed(texts, { signal }) {
    const vectors: number[][] = [];
    for (const text of texts) {
      vectors.push(lexicalVector(text));
      // Long texts must not keep model calls from their timers.
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    }
    return vectors;
  },
};

/** A vector of length 1, the same for the same text in every process and version. */
export function lexicalVector(text: string): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0);
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [text];
  for (const [i, word] of words.entries()) {
    add(vector, word, WORD);
    const next = words[i + 1];
    if (next !== undefined) add(vector, `${word} ${next}`, PAIR);
    for (let at = 0; at + 3 <= word.length; at += 1) add(vector, `#${word.slice(at, at + 3)}`, TRIPLE);
  }
  return normalised(vector);
}

function add(vector: number[], feature: string, weight: number): void {
  const hash = hashOf(feature);
  const dimension = (hash >>> 1) % vector.length;
  vector[dimension] = (vector[dimension] ?? 0) + (hash & 1 ? weight : -weight);
}

function normalised(vector: readonly number[]): number[] {
  const norm = Math.hypot(...vector);
  // Opposite signs of few features may cancel out.
  if (norm === 0) return vector.map((_, i) => (i === 0 ? 1 : 0));
  return vector.map((value) => value / norm);
}

/** FNV-1a (32 bit) with a final mix, since its low bits alone are too regular to take a sign from. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
