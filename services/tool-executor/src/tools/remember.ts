// remember: the outcome in the log is the memory; the memory service projects it from there. Nothing is stored here.
import { z } from 'zod';
import { defineTool } from '../tool.ts';

export const remember = defineTool({
  name: 'remember',
  description: "Keeps a text for the user's later runs: a fact, a wish, a result worth knowing again.",
  input: z.object({ text: z.string().trim().min(1).max(2_000) }),
  output: z.object({ remembered: z.literal(true), text: z.string() }),
  effect: 'idempotent',
  timeoutSeconds: 5,
  run: ({ text }) => Promise.resolve({ remembered: true as const, text }),
});
