// Somebody tells a running workflow something. Published at the door as `agents.workflow.signalled[.<user>]`, recorded in the log
// by the planner's door in the order in which it is met there; the machine receives `{ type: 'signal', name, data }`.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { SUBJECT_ID } from '../ids.ts';
import { Json } from '../json.ts';

export const workflowSignalled = defineMessage({
  type: 'workflow.signalled',
  version: 1,
  writers: ['planner:door'],
  readers: ['planner', 'user'],
  schema: z.object({
    name: z.string().regex(SUBJECT_ID, 'must be 1 to 64 characters of A-Z a-z 0-9 _ -'),
    data: Json.optional(),
  }),
  example: { name: 'price_changed', data: { total: 42 } },
});
export type WorkflowSignalled = z.infer<typeof workflowSignalled.schema>;
