// Token counts by length: no tokenizer, but deterministic, cheap, and close enough to size budgets and prices.
import type { Conversation } from './conversation.ts';
import { allText } from './conversation.ts';

export const CHARS_PER_TOKEN = 4;

/** What an answer reports as used. The optional ones are only ever there because a script says so. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cached?: number | undefined;
  readonly cacheWrite?: number | undefined;
  /** Of `cacheWrite`, as broken down by how long it is kept; what is left over is not broken down. */
  readonly cacheWriteShort?: number | undefined;
  readonly cacheWriteLong?: number | undefined;
  readonly reasoning?: number | undefined;
  readonly webSearches?: number | undefined;
}

export const countTokens = (text: string): number => tokensIn(text.length);

export const tokensIn = (characters: number): number => Math.ceil(characters / CHARS_PER_TOKEN);

/** Messages and tool definitions both cost input tokens, as they do at the real providers. */
export function inputTokens(conversation: Conversation): number {
  return countTokens(allText(conversation.messages) + JSON.stringify(conversation.tools));
}
