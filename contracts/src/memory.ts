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

/** The projection of this user is being rebuilt from the log: there may be more than was found. */
export const Rebuilding = z.literal(true).optional();

/** A record of memory as its user sees it. */
export const MemoryItem = z.object({
  id: z.string().describe('names the record to forget it'),
  text: z.string().max(4_000),
  workflow_id: WorkflowId.describe('the run that left it'),
  created_at: z.iso.datetime(),
  label: z.enum(['outcome', 'remembered']),
});
export type MemoryItem = z.infer<typeof MemoryItem>;

/** What is to be forgotten of the user who asks. */
export const ForgetScope = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('record'), record_id: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/) }),
  z.object({ kind: z.literal('workflow'), workflow_id: WorkflowId }),
  z.object({ kind: z.literal('user') }),
]);
export type ForgetScope = z.infer<typeof ForgetScope>;

const job = {
  id: z.string().describe('names the job to ask for it again'),
  asked_at: z.iso.datetime(),
  state: z.enum(['waiting', 'running', 'done']),
  /** Why it does not go on, if it does not: it is tried again until it does. */
  waits_for: z.string().max(500).optional(),
  done_at: z.iso.datetime().optional(),
};

/** An erasure, which goes on until it is done, whoever dies on the way. */
export const ErasureJob = z.object({
  ...job,
  kind: z.literal('erase'),
  scope: ForgetScope,
  workflows: z.object({ erased: z.int().nonnegative(), total: z.int().nonnegative() }),
  messages_erased: z.int().nonnegative().describe('stored messages that were overwritten, of all streams'),
});
export type ErasureJob = z.infer<typeof ErasureJob>;

/** A rebuild of one user's memory from the log, into a new collection where the embedding model changed or something was forgotten. */
export const RebuildJob = z.object({
  ...job,
  kind: z.literal('rebuild'),
  events: z.object({ projected: z.int().nonnegative(), total: z.int().nonnegative() }),
});
export type RebuildJob = z.infer<typeof RebuildJob>;

export const MemoryJob = z.discriminatedUnion('kind', [ErasureJob, RebuildJob]);
export type MemoryJob = z.infer<typeof MemoryJob>;
