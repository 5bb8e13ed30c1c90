// Anthropic's counts of tokens as they come with a stream, and what they say in our form: there the input includes what came
// from or went into the cache, here it does not. Pure.
import type { ModelUsage } from '@troupe/contracts';
import { z } from 'zod';
import { usageOf } from './usage.ts';

const tokens = z.int().nonnegative().nullish();
export const TokenCounts = z.object({
  input_tokens: tokens,
  cache_read_input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_creation: z.object({ ephemeral_1h_input_tokens: tokens }).nullish(),
  output_tokens: tokens,
  output_tokens_details: z.object({ thinking_tokens: tokens }).nullish(),
});
export type TokenCounts = z.infer<typeof TokenCounts>;

/** Counts are cumulative: a later one replaces an earlier one, and what is not told stays as it was. */
export function updated(before: TokenCounts, told: TokenCounts): TokenCounts {
  const counts = Object.entries(told).filter(([, count]) => count != null);
  return { ...before, ...Object.fromEntries(counts) };
}

/** Undefined unless both totals were told. */
export function usageIn(counts: TokenCounts): ModelUsage | undefined {
  const { input_tokens, output_tokens, cache_creation, output_tokens_details } = counts;
  if (input_tokens == null || output_tokens == null) return undefined;
  const cached = counts.cache_read_input_tokens ?? 0;
  const written = counts.cache_creation_input_tokens ?? 0;
  return usageOf({
    input: input_tokens + cached + written,
    output: output_tokens,
    cached,
    written,
    writtenLong: cache_creation?.ephemeral_1h_input_tokens,
    reasoning: output_tokens_details?.thinking_tokens,
  });
}
