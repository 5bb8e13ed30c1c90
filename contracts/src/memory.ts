// What long-term memory holds and answers, in the log and over RPC.
import { z } from 'zod';
import { WorkflowId } from './ids.ts';

export const MemorySnippet = z.object({
  text: z.string().max(4_000),
  workflow_id: WorkflowId.describe('the run that left it'),
  created_at: z.iso.datetime(),
  score: z.number().describe('cosine similarity, 1 is equal'),
});
export type MemorySnippet = z.infer<typeof MemorySnippet>;
