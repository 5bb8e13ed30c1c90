// What long-term memory holds and answers, in the log and over RPC.
import { z } from 'zod';
import { WorkflowId } from './ids.ts';

export const MemorySnippet = z.object({
  text: z.string().max(4_000),
  workflow_id: WorkflowId.describe('the run that left it'),
  created_at: z.iso.datetime(),
  score: z.number().describe('cosine similarity, 1 is equal'),
  age_days: z.int().nonnegative().optional().describe('whole days, when it was recalled'),
  label: z
    .enum(['outcome', 'remembered'])
    .optional()
    .describe('the goal and the answer of a run, or what the tool remember was told: data, in either case'),
});
export type MemorySnippet = z.infer<typeof MemorySnippet>;

/** How many more were found and could not be opened: sealed by a key that is no more, or spoilt. */
export const Unreadable = z.int().positive().optional();
