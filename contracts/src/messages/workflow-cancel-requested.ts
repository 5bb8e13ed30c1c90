// Somebody wants a run to stop. Published at the door as `agents.workflow.cancel_requested[.<user>]`, recorded in the log by
// the planner's door; the machine answers with `workflow.cancelled`.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';

export const workflowCancelRequested = defineMessage({
  type: 'workflow.cancel_requested',
  version: 1,
  writers: ['planner:door'],
  readers: ['planner', 'user'],
  schema: z.object({ reason: z.string().max(500).optional() }),
  example: { reason: 'no longer needed' },
});
