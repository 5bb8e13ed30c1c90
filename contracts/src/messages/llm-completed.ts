// The model's turn, whole: a stream that was cut never becomes one of these.
import { z } from 'zod';
import { AssistantTurn } from '../conversation.ts';
import { defineMessage } from '../define-message.ts';
import { ModelUsage } from '../workflow.ts';

export const llmCompleted = defineMessage({
  type: 'llm.completed',
  version: 1,
  writers: ['llm-gateway'],
  readers: ['planner'],
  schema: z.object({
    turn: AssistantTurn,
    finish: z.enum(['stop', 'tool_calls', 'truncated', 'refused']),
    finish_raw: z.string().optional().describe("the provider's own word for it"),
    provider: z.string(),
    model: z.string(),
    usage: ModelUsage,
    cost_nano_usd: z
      .int()
      .nonnegative()
      .nullable()
      .optional()
      .describe(
        'of all attempts, in billionths of a US dollar; null: one has no price, or nobody knows of it',
      ),
    attempts: z.int().positive().describe('provider calls that this turn took'),
    left_out: z
      .object({
        tool_results: z.int().positive().describe('shortened to a summary, the oldest first'),
        characters: z.int().positive(),
      })
      .optional()
      .describe('what of the conversation the model was not shown, since it did not fit into its context'),
  }),
  example: {
    turn: { text: 'The total is 42.', tool_calls: [] },
    finish: 'stop',
    finish_raw: 'completed',
    provider: 'openai',
    model: 'gpt-4.1-mini',
    usage: { input_tokens: 250, output_tokens: 12, cached_input_tokens: 128 },
    cost_nano_usd: 80_800,
    attempts: 1,
  },
});
export type LlmCompleted = z.infer<typeof llmCompleted.schema>;
