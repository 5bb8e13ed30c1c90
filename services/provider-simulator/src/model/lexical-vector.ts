// Embedding vectors without a model: each word and each pair of neighbouring words is hashed to one dimension and a
// sign. Texts that share words are near each other, others almost orthogonal; nothing here knows meaning.

const PAIR_WEIGHT = 0.5;

/** A vector of length 1. The same text always gives the same vector. */
export function lexicalVector(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
  for (const [index, word] of words.entries()) {
    add(vector, word, 1);
    const next = words[index + 1];
    if (next !== undefined) add(vector, `${word} ${next}`, PAIR_WEIGHT);
  }
  return normalise(vector);
}

function add(vector: Float32Array, feature: string, weight: number): void {
  const hash = hashOf(feature);
  const dimension = (hash >>> 1) % vector.length;
  vector[dimension] = (vector[dimension] ?? 0) + (hash & 1 ? weight : -weight);
}

function normalise(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (norm === 0) vector[0] = 1;
  return norm === 0 ? vector : vector.map((value) => value / norm);
}

/** FNV-1a, 32 bits, with a final mix: its low bits alone are too regular to take a sign from. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
