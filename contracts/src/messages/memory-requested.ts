// The planner asks what earlier runs of the same user left that bears on this goal.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';

export const memoryRequested = defineMessage({
  type: 'memory.requested',
  version: 1,
  writers: ['planner'],
  readers: ['memory'],
  schema: z.object({ query: z.string().min(1).max(8_000), k: z.int().min(1).max(50) }),
  example: { query: 'Read the total on http://127.0.0.1:8080/order and tell me', k: 4 },
});
export type MemoryRequested = z.infer<typeof memoryRequested.schema>;
