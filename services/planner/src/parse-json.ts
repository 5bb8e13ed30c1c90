// JSON that strangers wrote: a user at the door, or a model. Nesting is bounded, because whatever reads a value level by level
// (schemas, canonical text, the log's readers) runs out of stack at some thousand levels, each at another.

/** More than any sensible request or tool call has. */
const MAX_LEVELS = 64;

/** The value, or undefined where `text` is not JSON or nests deeper than 64 levels. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isDeeper(value, MAX_LEVELS) ? undefined : value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return members.some((member) => isDeeper(member, levels - 1));
}
