// The JSON value that a model's text stands for. Strictly: a lenient parser would turn half of a value into a whole one. Pure.

export type Value = { readonly kind: 'json'; readonly json: unknown } | { readonly kind: 'no_json' };

/** Whatever walks through a value runs out of stack on one that nests without bound; no sensible answer has more levels. */
const MAX_LEVELS = 64;

/** What nests deeper than 64 levels is no value either. */
export function valueIn(text: string): Value {
  try {
    const json: unknown = JSON.parse(text);
    return isDeeper(json, MAX_LEVELS) ? { kind: 'no_json' } : { kind: 'json', json };
  } catch {
    return { kind: 'no_json' };
  }
}

/** `text` without a byte order mark and without one fence of Markdown around all of it; nothing else is mended. */
export function bare(text: string): string {
  const inner = text.replace(/^\uFEFF/, '').trim();
  return /^```(?:json)?\s*\n([\s\S]*)\n\s*```$/i.exec(inner)?.[1] ?? inner;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return members.some((member) => isDeeper(member, levels - 1));
}
