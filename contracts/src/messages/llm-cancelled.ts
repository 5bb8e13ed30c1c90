// The machine left the state that wanted this model call. Its request is closed: a result that comes later is refused.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';

export const llmCancelled = defineMessage({
  type: 'llm.cancelled',
  version: 1,
  writers: ['planner'],
  readers: ['llm-gateway'],
  schema: z.object({ reason: z.enum(['stopped_by_machine']) }),
  example: { reason: 'stopped_by_machine' },
});
