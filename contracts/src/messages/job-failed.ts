// A browser job that was started with `wait: false` failed.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { Failure } from '../failure.ts';

export const jobFailed = defineMessage({
  type: 'job.failed',
  version: 1,
  writers: ['tool-executor', 'planner:given-up'],
  readers: ['planner', 'user'],
  schema: z.object({ job_id: z.string(), error: Failure }),
  example: {
    job_id: 'job_1',
    error: { code: 'job_timeout', message: 'The page took longer than 60 s.', hint: 'Ask for fewer steps.' },
  },
});
