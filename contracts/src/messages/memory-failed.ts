// Memory could not answer; a run goes on without its past.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { Failure } from '../failure.ts';

export const memoryFailed = defineMessage({
  type: 'memory.failed',
  version: 1,
  writers: ['memory', 'planner:given-up'],
  readers: ['planner'],
  schema: z.object({ error: Failure }),
  example: {
    error: { code: 'memory_unavailable', message: 'Chroma did not answer.', hint: 'Check CHROMA_URL.' },
  },
});
