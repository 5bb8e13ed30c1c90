// What a user asks for and what comes back: the two ends of every run.
import { z } from 'zod';
import { Failure } from './failure.ts';
import { CorrelationId, UserId, WorkflowId } from './ids.ts';
import { Json, JsonObject } from './json.ts';

/** Bytes of JSON that `preferences` may take: they stand in every prompt of the run. */
export const PREFERENCES_BYTES = 16 * 1024;

export const WorkflowType = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be snake_case, 1 to 64 characters');

export const HistoryTurn = z.object({ role: z.enum(['user', 'assistant']), content: z.string().max(8_000) });
export type HistoryTurn = z.infer<typeof HistoryTurn>;

/** The body of `workflow.requested` as anybody may publish it at the door, as CloudEvent or bare JSON. */
export const WorkflowRequest = z.object({
  goal: z.string().trim().min(1).max(8_000),
  user_id: UserId.optional(),
  workflow_id: WorkflowId.optional(),
  workflow_type: WorkflowType.default('automation'),
  preferences: JsonObject.refine((value) => JSON.stringify(value).length <= PREFERENCES_BYTES, {
    message: `must be at most ${PREFERENCES_BYTES} bytes of JSON`,
  }).optional(),
  history: z.array(HistoryTurn).max(64).optional(),
  deadline_seconds: z.number().min(1).max(86_400).default(900),
  correlation_id: CorrelationId.optional(),
});
export type WorkflowRequest = z.infer<typeof WorkflowRequest>;

export const Usage = z.object({ input_tokens: z.int().nonnegative(), output_tokens: z.int().nonnegative() });
export type Usage = z.infer<typeof Usage>;

/** What one model call used, in one form for every provider. The four below are parts of the two above. */
export const ModelUsage = Usage.extend({
  cached_input_tokens: z.int().nonnegative().optional().describe("read from the provider's prompt cache"),
  cache_write_tokens: z.int().nonnegative().optional().describe('written to it, for however long'),
  cache_write_long_tokens: z
    .int()
    .nonnegative()
    .optional()
    .describe('of those, the ones kept for its longer time'),
  reasoning_tokens: z.int().nonnegative().optional().describe('output that is not shown'),
});
export type ModelUsage = z.infer<typeof ModelUsage>;

export const WorkflowStatus = z.enum(['completed', 'failed', 'cancelled', 'disabled']);
export type WorkflowStatus = z.infer<typeof WorkflowStatus>;

/** The body of the terminal event, and what a person is shown: what became of a run. */
export const WorkflowResult = z.object({
  workflow_id: WorkflowId,
  user_id: UserId,
  workflow_type: z.string(),
  status: WorkflowStatus,
  answer: z.string().optional(),
  output: Json.optional().describe(
    'the answer parsed by the output schema of the workflow type, where it has one',
  ),
  reason: z.string().optional(),
  error: Failure.optional(),
  steps: z
    .int()
    .nonnegative()
    .describe('outcomes of recalls, model calls and tool calls that the run took in'),
  usage: Usage,
  cost_nano_usd: z
    .int()
    .nonnegative()
    .nullable()
    .optional()
    .describe('of its model calls, in billionths of a US dollar; null: a model has no price in the table'),
  correlation_id: z.string(),
  started_at: z.iso.datetime().describe("the stream's time of workflow.requested"),
  finished_at: z.iso.datetime().describe("the stream's time of the event that ended the run"),
});
export type WorkflowResult = z.infer<typeof WorkflowResult>;
