// The planner asks for the model's next turn. It carries only what is new since the request that it continues, so that a
// turn costs the same at turn 500 as at turn 5; the gateway follows the chain.
import { z } from 'zod';
import { PromptMessage } from '../conversation.ts';
import { defineMessage } from '../define-message.ts';
import { EventId } from '../ids.ts';
import { JsonObject } from '../json.ts';
import { ToolReference } from '../tool.ts';

export const llmRequested = defineMessage({
  type: 'llm.requested',
  version: 1,
  writers: ['planner'],
  readers: ['llm-gateway'],
  schema: z.object({
    turn: z.int().positive(),
    continues: EventId.optional().describe(
      'the llm.requested whose conversation, with its answer, comes before',
    ),
    messages: z.array(PromptMessage).min(1).max(256),
    tools: z.array(ToolReference).max(64),
    tool_choice: z.enum(['auto', 'none']),
    output_schema: JsonObject.optional().describe('JSON Schema that the final answer must satisfy'),
    max_tokens: z.int().positive(),
    deadline_at: z.iso
      .datetime()
      .optional()
      .describe('when the run ends in any case: no answer is of use later'),
  }),
  example: {
    turn: 1,
    messages: [
      { role: 'system', content: { text: 'You are an automation agent.' } },
      { role: 'user', content: { text: 'Read the total on http://127.0.0.1:8080/order and tell me' } },
    ],
    tools: [
      { name: 'notify_user', hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
    ],
    tool_choice: 'auto',
    max_tokens: 4_000,
  },
});
export type LlmRequested = z.infer<typeof llmRequested.schema>;
