// A run begins. The planner's door writes it from what somebody published at `agents.workflow.requested`; the fold takes
// every setting of the run from here, never from the environment, so that a redeploy in mid-run changes nothing.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { JsonObject } from '../json.ts';
import { ToolReference } from '../tool.ts';
import { HistoryTurn, WorkflowType } from '../workflow.ts';

export const RunSettings = z.object({
  enabled: z.boolean().describe('the feature flag FF_AGENTS_ENABLED when the run began'),
  definition: z.object({ version: z.int().positive(), hash: z.string() }).describe('of the workflow type'),
  max_iterations: z.int().positive(),
  max_repairs: z
    .int()
    .nonnegative()
    .describe('malformed model turns in a row that are answered with an error'),
  recall_k: z.int().nonnegative(),
  max_tokens: z.int().positive().describe('output tokens of one model call'),
  max_events: z
    .int()
    .positive()
    .optional()
    .describe('events that the log of the run may hold; unlimited where a run of the first release lacks it'),
  tools: z.array(ToolReference).max(64).describe('the tools offered to the model'),
});
export type RunSettings = z.infer<typeof RunSettings>;

export const workflowRequested = defineMessage({
  type: 'workflow.requested',
  version: 1,
  writers: ['planner:door'],
  readers: ['planner', 'user'],
  schema: z.object({
    goal: z.string().min(1).max(8_000),
    workflow_type: WorkflowType,
    preferences: JsonObject.optional(),
    history: z.array(HistoryTurn).max(64).optional(),
    deadline_seconds: z.number().min(1).max(86_400),
    request_hash: z.string().describe('of what was asked: the same id with another hash is another request'),
    settings: RunSettings,
  }),
  example: {
    goal: 'Read the total on http://127.0.0.1:8080/order and tell me',
    workflow_type: 'automation',
    preferences: { language: 'en' },
    deadline_seconds: 900,
    request_hash: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
    settings: {
      enabled: true,
      definition: { version: 1, hash: '3c9909afec25354d551dae21590bb26e38d53f2173b8d3dc3eee4c047e7ab1c1' },
      max_iterations: 10,
      max_repairs: 2,
      recall_k: 4,
      max_tokens: 4_000,
      max_events: 10_000,
      tools: [
        { name: 'notify_user', hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
      ],
    },
  },
});
export type WorkflowRequested = z.infer<typeof workflowRequested.schema>;
