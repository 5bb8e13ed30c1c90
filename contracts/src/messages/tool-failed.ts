// A tool call failed. The model is shown the error and may try otherwise. `outcome: unknown` says that the act may have
// happened: only tools whose effect is `once` say so, after a crash.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { Failure } from '../failure.ts';
import { ToolName } from '../tool.ts';

export const toolFailed = defineMessage({
  type: 'tool.failed',
  version: 1,
  writers: ['tool-executor', 'planner:given-up'],
  readers: ['planner'],
  schema: z.object({
    tool: ToolName,
    call_id: z.string(),
    error: Failure,
    retryable: z.boolean().describe('whether the same call may succeed later'),
    outcome: z.enum(['not_done', 'unknown']),
  }),
  example: {
    tool: 'spawn_browser_job',
    call_id: 'call_2',
    error: {
      code: 'egress_refused',
      message: '169.254.169.254 is a private address.',
      hint: 'Use a public address, or allow it with AGENT_EGRESS_ALLOW.',
    },
    retryable: false,
    outcome: 'not_done',
  },
});
export type ToolFailed = z.infer<typeof toolFailed.schema>;
