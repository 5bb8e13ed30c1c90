// The conversation with a model in one provider-neutral form; the gateway translates it to each provider's dialect.
import { z } from 'zod';
import { LargeText } from './large-text.ts';

/** A tool call as the model made it. `arguments` is the model's own text: it may be malformed. */
export const ModelToolCall = z.object({
  call_id: z.string().min(1).max(128).describe("ours, the same across providers; never a provider's id"),
  name: z.string().max(256),
  arguments: z.string(),
});
export type ModelToolCall = z.infer<typeof ModelToolCall>;

export const AssistantTurn = z.object({
  text: z.string().optional(),
  tool_calls: z.array(ModelToolCall).max(32),
});
export type AssistantTurn = z.infer<typeof AssistantTurn>;

/** What the planner adds to a conversation. Assistant turns of the run itself stand in `llm.completed`. */
export const PromptMessage = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: LargeText }),
  z.object({ role: z.literal('user'), content: LargeText }),
  z.object({ role: z.literal('assistant'), content: LargeText }),
  z.object({ role: z.literal('tool'), call_id: z.string(), content: LargeText, is_error: z.boolean() }),
]);
export type PromptMessage = z.infer<typeof PromptMessage>;
