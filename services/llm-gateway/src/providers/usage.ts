// What a model call used, in one form for every provider's counts. Pure.
import type { ModelUsage } from '@troupe/contracts';
import type { ModelRequest } from '../generation.ts';

/** As providers tell it: of the parts, nothing, null and 0 mean the same. */
export interface Counts {
  readonly input: number;
  readonly output: number;
  readonly cached?: number | null | undefined;
  readonly written?: number | null | undefined;
  /** Of those written, the ones that are kept for the longer of the provider's two times. */
  readonly writtenLong?: number | null | undefined;
  readonly reasoning?: number | null | undefined;
}

export const usageOf = ({ input, output, cached, written, writtenLong, reasoning }: Counts): ModelUsage => ({
  input_tokens: input,
  output_tokens: output,
  ...(cached && { cached_input_tokens: cached }),
  ...(written && { cache_write_tokens: written }),
  ...(writtenLong && { cache_write_long_tokens: writtenLong }),
  ...(reasoning && { reasoning_tokens: reasoning }),
});

const CHARACTERS_PER_TOKEN = 4;

/** By length alone, for a server that does not count: `written` is the number of characters that the model wrote. */
export function estimatedUsage({ messages, tools }: ModelRequest, written: number): ModelUsage {
  const asked = JSON.stringify(messages).length + (tools.length > 0 ? JSON.stringify(tools).length : 0);
  return {
    input_tokens: Math.ceil(asked / CHARACTERS_PER_TOKEN),
    output_tokens: Math.ceil(written / CHARACTERS_PER_TOKEN),
  };
}
