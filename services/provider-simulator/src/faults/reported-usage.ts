// What a script may have a provider report as used, in place of what was counted. It need not be consistent: providers' reports
// are not always.
import { z } from 'zod';
import type { Usage } from '../model/tokens.ts';

const Count = z.number().int().min(0);

export const ReportedUsage = z.strictObject({
  input: Count.describe('all of it, whatever came from or went into a cache'),
  output: Count,
  cached: Count.optional(),
  cacheWrite: Count.optional(),
  cacheWriteShort: Count.optional().describe('of those, by the breakdown, kept for the shorter time'),
  cacheWriteLong: Count.optional().describe('of those, by the breakdown, kept for the longer time'),
  reasoning: Count.optional(),
  webSearches: Count.optional(),
});
export type ReportedUsage = z.infer<typeof ReportedUsage>;

export function usageOf({ input, output, ...parts }: ReportedUsage): Usage {
  return { inputTokens: input, outputTokens: output, ...parts };
}
