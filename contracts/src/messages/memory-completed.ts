// What memory recalled for one request, best first; empty when there is nothing.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { MemorySnippet, Rebuilding, Unreadable } from '../memory.ts';

export const memoryCompleted = defineMessage({
  type: 'memory.completed',
  version: 1,
  writers: ['memory'],
  readers: ['planner'],
  schema: z.object({
    snippets: z.array(MemorySnippet).max(50),
    unreadable: Unreadable,
    rebuilding: Rebuilding,
  }),
  example: {
    snippets: [
      {
        text: 'Goal: Read the total. Answer: The total is 42.',
        workflow_id: 'wf_0',
        created_at: '2026-11-21T09:00:00.000Z',
        score: 0.83,
        age_days: 1,
        label: 'outcome',
      },
    ],
  },
});
export type MemoryCompleted = z.infer<typeof memoryCompleted.schema>;
