// The planner asks for one tool call. Its event id goes outside as the idempotency key.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { JsonObject } from '../json.ts';
import { ToolReference } from '../tool.ts';

export const toolRequested = defineMessage({
  type: 'tool.requested',
  version: 1,
  writers: ['planner'],
  readers: ['tool-executor'],
  schema: z.object({ call_id: z.string(), tool: ToolReference, arguments: JsonObject }),
  example: {
    call_id: 'call_1',
    tool: { name: 'notify_user', hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
    arguments: { message: 'The total is 42.' },
  },
});
export type ToolRequested = z.infer<typeof toolRequested.schema>;
