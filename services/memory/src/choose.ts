// Which of the memories that were found are told, and what is told of each. Pure.
import type { MemorySnippet } from '@troupe/contracts';
import type { FoundMemory } from './store.ts';

export interface Choice {
  readonly limit: number;
  /** Below this score a memory is noise: nothing is better than that. */
  readonly floor: number;
  /** What all of them may cost in a prompt. */
  readonly tokens: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const DAY_MS = 86_400_000;
/** Of UTF-8, for a token: an estimate that no provider's tokenizer exceeds by much. */
const BYTES_PER_TOKEN = 4;

/** The best first, equal texts once, as many as the tokens allow: one that is too long makes room for shorter ones behind it. */
export function choose(
  found: readonly FoundMemory[],
  { limit, floor, tokens, now }: Choice,
): MemorySnippet[] {
  const chosen = new Map<string, FoundMemory>();
  let left = tokens;
  for (const memory of found) {
    if (chosen.size >= limit) break;
    const cost = tokensOf(memory);
    const text = comparable(memory.text);
    if (memory.score < floor || cost > left || chosen.has(text)) continue;
    chosen.set(text, memory);
    left -= cost;
  }
  return [...chosen.values()].map((memory) => snippetOf(memory, now));
}

export const tokensOf = ({ text }: { readonly text: string }): number =>
  Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);

/** Texts that differ by case and white space alone say the same. */
const comparable = (text: string): string => text.toLowerCase().replace(/\s+/gu, ' ').trim();

const snippetOf = ({ text, workflow, createdAt, kind, score }: FoundMemory, now: number): MemorySnippet => ({
  text,
  workflow_id: workflow,
  created_at: createdAt.toISOString(),
  age_days: Math.max(0, Math.floor((now - createdAt.getTime()) / DAY_MS)),
  label: kind,
  score,
});
