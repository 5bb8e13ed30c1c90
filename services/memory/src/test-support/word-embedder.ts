// A stand-in for llm-gateway's embeddings, for tests: a text's vector counts its words, so that texts which share words are
// near each other. Deterministic, and served over the real RPC.
import type { EmbedResponse } from '@troupe/contracts';
import { hashOf, rpc } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { serveRpc } from '@troupe/shared';

const DIMENSIONS = 256;
export const WORD_MODEL = 'test-words-256';

export function wordVector(text: string): number[] {
  const counts = Array.from({ length: DIMENSIONS }, () => 0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const place = Number.parseInt(hashOf(word).slice(0, 8), 16) % DIMENSIONS;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const length = Math.hypot(...counts);
  return length === 0 ? counts : counts.map((count) => count / length);
}

export const wordEmbedding = (text: string) => ({ model: WORD_MODEL, vector: wordVector(text) });

/** Answers for every user until the kernel closes. `refuse` throws for texts that the stand-in should fail on. */
export const serveWordEmbedder = (
  kernel: Kernel,
  { refuse, model }: { readonly refuse: (text: string) => void; readonly model: () => string },
): Promise<void> =>
  serveRpc(kernel, rpc.embed, async ({}, { texts }): Promise<EmbedResponse> => {
    texts.forEach(refuse);
    return Promise.resolve({ model: model(), dimensions: DIMENSIONS, vectors: texts.map(wordVector) });
  });
