// Texts in portions that one provider call takes: at most 300,000 tokens, and a character is at most about one token. Pure.

const MAX_CHARACTERS = 250_000;

/** Consecutive portions, each within the bound unless it is a single text. */
export function batches(texts: readonly string[]): string[][] {
  const portions: string[][] = [];
  let characters = Infinity;
  for (const text of texts) {
    characters += text.length;
    const last = portions.at(-1);
    if (last !== undefined && characters <= MAX_CHARACTERS) last.push(text);
    else {
      portions.push([text]);
      characters = text.length;
    }
  }
  return portions;
}
