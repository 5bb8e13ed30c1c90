// The agent's tools as a request offers them, by name, for the tests of the plan and of the dialects.
import { z } from 'zod';

const parameters = (schema: z.ZodType): Record<string, unknown> => z.toJSONSchema(schema);

const Step = z.discriminatedUnion('action', [
  z.object({ action: z.literal('goto'), url: z.string() }),
  z.object({ action: z.literal('click'), selector: z.string() }),
  z.object({ action: z.literal('extract'), selector: z.string(), name: z.string().optional() }),
]);

export const TOOLS = {
  spawn_browser_job: parameters(
    z.object({
      url: z.string(),
      steps: z.array(Step).optional(),
      wait: z.boolean().optional(),
      correlation_id: z.string().optional(),
    }),
  ),
  notify_user: parameters(
    z.object({
      message: z.string().max(200),
      level: z.enum(['info', 'warning']),
      correlation_id: z.string().optional(),
    }),
  ),
  remember: parameters(z.object({ text: z.string() })),
  search_memory: parameters(z.object({ query: z.string() })),
} as const;
export type ToolName = keyof typeof TOOLS;
