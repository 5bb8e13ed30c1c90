// A browser job that was started with `wait: false` finished.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { LargeText } from '../large-text.ts';

export const jobCompleted = defineMessage({
  type: 'job.completed',
  version: 1,
  writers: ['tool-executor'],
  readers: ['planner', 'user'],
  schema: z.object({ job_id: z.string(), output: LargeText }),
  example: { job_id: 'job_1', output: { text: '{"title":"Order"}' } },
});
