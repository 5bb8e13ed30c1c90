// A model request in the dialect of Anthropic's Messages API (version 2026-10-21, which refuses sampling parameters). Pure.
import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema';
import type {
  ContentBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  Tool,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type { AssistantTurn, ToolDefinition } from '@troupe/contracts';
import { JsonObject } from '@troupe/contracts';
import type { ModelMessage } from '../generation.ts';
import { survivesClosing } from '../rules/closed-schema.ts';
import { argumentsOf } from './call-arguments.ts';
import type { Asked } from './adapted.ts';
import { adapted } from './adapted.ts';
import { wireName } from './wire-name.ts';

export function messagesBody(asked: Asked): MessageCreateParamsStreaming {
  const { messages } = asked.request;
  const { system, tools: offered, toolChoice, schema, maxTokens } = adapted(asked, closed);
  const tools = offered.length > 0 ? offered.map(toolOf) : toolsInHistory(messages);
  const choice = offered.length > 0 ? toolChoice : 'none';
  return {
    model: asked.model,
    stream: true,
    max_tokens: maxTokens,
    ...(system !== undefined && { system }),
    messages: turnsOf(messages),
    ...(tools.length > 0 && { tools }),
    ...(tools.length > 0 && choice !== undefined && { tool_choice: { type: choice } }),
    ...(schema !== undefined && {
      output_config: { format: { type: 'json_schema', schema } },
    }),
  };
}

/** In the subset that the API compiles; what it cannot hold moves into descriptions. Undefined where more than that is lost. */
function closed(schema: JsonObject): JsonObject | undefined {
  if (!survivesClosing(schema)) return undefined;
  try {
    return JsonObject.parse(transformJSONSchema(schema));
  } catch {
    return undefined;
  }
}

/**
 * Roles alternate: consecutive messages of one side become one, and in the user's the tool results come first, as the API
 * demands of the message behind a turn with calls. What is blank is left out, since the API refuses it.
 */
function turnsOf(messages: readonly ModelMessage[]): MessageParam[] {
  const turns: { role: 'user' | 'assistant'; content: ContentBlockParam[] }[] = [];
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = blocksOf(message);
    if (content.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  for (const { content } of turns) content.sort((a, b) => Number(isResult(b)) - Number(isResult(a)));
  return turns;
}

const isResult = ({ type }: ContentBlockParam): boolean => type === 'tool_result';

function blocksOf(message: ModelMessage): ContentBlockParam[] {
  switch (message.role) {
    case 'system':
      return [];
    case 'user':
      return textBlock(message.text);
    case 'assistant':
      return assistantBlocks(message.turn);
    case 'tool':
      return [
        {
          type: 'tool_result',
          tool_use_id: message.callId,
          content: message.text,
          is_error: message.isError,
        },
      ];
  }
}

const assistantBlocks = ({ text, tool_calls }: AssistantTurn): ContentBlockParam[] => [
  ...textBlock(text ?? ''),
  ...tool_calls.map((call) => ({
    type: 'tool_use' as const,
    id: call.call_id,
    name: wireName(call.name),
    input: argumentsOf(call),
  })),
];

const textBlock = (text: string): ContentBlockParam[] => (text.trim() === '' ? [] : [{ type: 'text', text }]);

const toolOf = ({ name, description, input_schema }: ToolDefinition): Tool => ({
  name,
  description,
  input_schema: { ...input_schema, type: 'object' },
});

/** A history with calls is refused unless their tools are declared, also where none is offered any more. */
function toolsInHistory(messages: readonly ModelMessage[]): Tool[] {
  const names = messages.flatMap((message) =>
    message.role === 'assistant' ? message.turn.tool_calls.map(({ name }) => wireName(name)) : [],
  );
  return [...new Set(names)].map((name) => ({ name, input_schema: { type: 'object' } }));
}
