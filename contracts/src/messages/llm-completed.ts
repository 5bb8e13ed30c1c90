// The model's turn, whole: a stream that was cut never becomes one of these.
import { z } from 'zod';
import { AssistantTurn } from '../conversation.ts';
import { defineMessage } from '../define-message.ts';
import { Usage } from '../workflow.ts';

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
    usage: Usage,
    attempts: z.int().positive().describe('provider calls that this turn took'),
  }),
  example: {
    turn: { text: 'The total is 42.', tool_calls: [] },
    finish: 'stop',
    finish_raw: 'completed',
    provider: 'openai',
    model: 'gpt-4.1-mini',
    usage: { input_tokens: 250, output_tokens: 12 },
    attempts: 1,
  },
});
export type LlmCompleted = z.infer<typeof llmCompleted.schema>;
