// A model request in the dialect of OpenAI's Responses API. Pure. Nothing is kept at the provider (store: false, no
// previous_response_id): state there would tie a run to one provider.
import type { AssistantTurn, JsonObject, ToolDefinition } from '@troupe/contracts';
import type {
  FunctionTool,
  ResponseCreateParamsStreaming,
  ResponseInputItem,
  ResponseTextConfig,
} from 'openai/resources/responses/responses';
import type { ModelMessage } from '../generation.ts';
import { isStrict } from '../rules/strict-schema.ts';
import type { Asked } from './adapted.ts';
import { adapted } from './adapted.ts';
import { wireName } from './wire-name.ts';

/** The API refuses less. */
const MIN_OUTPUT_TOKENS = 16;

export function responsesBody(asked: Asked): ResponseCreateParamsStreaming {
  const { system, tools, toolChoice, strictTools, schema, temperature, maxTokens } = adapted(asked);
  return {
    model: asked.model,
    stream: true,
    store: false,
    ...(system !== undefined && { instructions: system }),
    input: asked.request.messages.flatMap(itemsOf),
    ...(tools.length > 0 && { tools: tools.map((tool) => toolOf(tool, strictTools)) }),
    ...(tools.length > 0 && toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(schema !== undefined && { text: formatOf(schema) }),
    ...(temperature !== undefined && { temperature }),
    max_output_tokens: Math.max(MIN_OUTPUT_TOKENS, maxTokens),
  };
}

function itemsOf(message: ModelMessage): ResponseInputItem[] {
  switch (message.role) {
    case 'system':
      return [];
    case 'user':
      return [{ type: 'message', role: 'user', content: message.text }];
    case 'assistant':
      return turnOf(message.turn);
    case 'tool':
      return [{ type: 'function_call_output', call_id: message.callId, output: message.text }];
  }
}

const turnOf = ({ text, tool_calls }: AssistantTurn): ResponseInputItem[] => [
  ...(text ? [{ type: 'message' as const, role: 'assistant' as const, content: text }] : []),
  ...tool_calls.map((call) => ({
    type: 'function_call' as const,
    call_id: call.call_id,
    name: wireName(call.name),
    arguments: call.arguments,
  })),
];

/** A tool with optional arguments is outside the strict subset: the executor validates what it gets in any case. */
const toolOf = ({ name, description, input_schema }: ToolDefinition, strictly: boolean): FunctionTool => ({
  type: 'function',
  name,
  description,
  parameters: input_schema,
  strict: strictly && isStrict(input_schema),
});

const formatOf = (schema: JsonObject): ResponseTextConfig => ({
  format: { type: 'json_schema', name: 'answer', schema, strict: isStrict(schema) },
});
