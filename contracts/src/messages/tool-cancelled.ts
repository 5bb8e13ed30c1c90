// The machine left the state that wanted this tool call. Its request is closed: a result that comes later is refused.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';

export const toolCancelled = defineMessage({
  type: 'tool.cancelled',
  version: 1,
  writers: ['planner'],
  readers: ['tool-executor'],
  schema: z.object({ reason: z.enum(['stopped_by_machine']) }),
  example: { reason: 'stopped_by_machine' },
});
