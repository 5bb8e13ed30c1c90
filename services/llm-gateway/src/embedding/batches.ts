// Texts in portions that one provider call takes, by both of its bounds. Tokens are bounded by bytes, since no token is less than one: a
// portion is never refused for its size, whatever the language. Pure.

export interface BatchLimits {
  readonly texts: number;
  readonly bytes: number;
}

/** OpenAI's bounds: 2,048 texts and 300,000 tokens in one call. */
export const OPENAI_BATCH: BatchLimits = { texts: 2_048, bytes: 300_000 };

/** Consecutive portions, each within the bounds unless it is a single text. */
export function batches(texts: readonly string[], limits: BatchLimits): string[][] {
  const portions: string[][] = [];
  let room = 0;
  for (const text of texts) {
    room -= Buffer.byteLength(text);
    const last = portions.at(-1);
    if (last !== undefined && room >= 0 && last.length < limits.texts) last.push(text);
    else {
      portions.push([text]);
      room = limits.bytes - Buffer.byteLength(text);
    }
  }
  return portions;
}
