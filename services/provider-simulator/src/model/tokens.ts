// Token counts by length: no tokenizer, but deterministic, cheap, and close enough to size budgets and prices.
import type { Conversation } from './conversation.ts';
import { allText } from './conversation.ts';

export const CHARS_PER_TOKEN = 4;

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export const countTokens = (text: string): number => Math.ceil(text.length / CHARS_PER_TOKEN);

/** Messages and tool definitions both cost input tokens, as they do at the real providers. */
export function inputTokens(conversation: Conversation): number {
  return countTokens(allText(conversation.messages) + JSON.stringify(conversation.tools));
}
