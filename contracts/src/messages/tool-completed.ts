// A tool call succeeded. `output` is what the model is shown: the tool's output as JSON text.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { LargeText } from '../large-text.ts';
import { ToolName } from '../tool.ts';

export const toolCompleted = defineMessage({
  type: 'tool.completed',
  version: 1,
  writers: ['tool-executor'],
  readers: ['planner', 'memory'],
  schema: z.object({
    tool: ToolName,
    call_id: z.string(),
    output: LargeText,
    job_id: z
      .string()
      .optional()
      .describe('of a job that goes on behind this outcome; a job.* event tells its end'),
  }),
  example: { tool: 'notify_user', call_id: 'call_1', output: { text: '{"notification_id":"n_1"}' } },
});
export type ToolCompleted = z.infer<typeof toolCompleted.schema>;
