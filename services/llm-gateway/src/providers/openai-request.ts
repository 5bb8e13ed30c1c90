// A model request in the dialect of OpenAI's Responses API. Pure. Nothing is kept at the provider (store: false, no
// previous_response_id): state there would tie a run to one provider.
import type { AssistantTurn, JsonObject, ToolDefinition } from '@troupe/contracts';
import type {
  FunctionTool,
  ResponseCreateParamsStreaming,
  ResponseInputItem,
  ResponseTextConfig,
} from 'openai/resources/responses/responses';
import type { ModelMessage, ModelRequest } from '../generation.ts';
import { takesJsonSchema, takesTemperature } from '../rules/models.ts';
import { isStrict } from '../rules/strict-schema.ts';
import { wireName } from './wire-name.ts';

const TEMPERATURE = 0.2;
/** The API refuses less. */
const MIN_OUTPUT_TOKENS = 16;

export function responsesBody(model: string, request: ModelRequest): ResponseCreateParamsStreaming {
  const { messages, tools, toolChoice, outputSchema, maxTokens } = request;
  const asksForSchema = outputSchema !== undefined && !takesJsonSchema(model);
  const instructions = [
    ...messages.flatMap((message) => (message.role === 'system' ? [message.text] : [])),
    ...(asksForSchema ? [schemaInWords(outputSchema)] : []),
  ];
  return {
    model,
    stream: true,
    store: false,
    ...(instructions.length > 0 && { instructions: instructions.join('\n\n') }),
    input: messages.flatMap(itemsOf),
    ...(tools.length > 0 && { tools: tools.map(toolOf), tool_choice: toolChoice }),
    ...(outputSchema !== undefined && !asksForSchema && { text: formatOf(outputSchema) }),
    ...(takesTemperature(model) && { temperature: TEMPERATURE }),
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

/** Not strict: a tool's optional arguments are outside the strict subset, and the executor validates what it gets. */
const toolOf = ({ name, description, input_schema }: ToolDefinition): FunctionTool => ({
  type: 'function',
  name,
  description,
  parameters: input_schema,
  strict: false,
});

const formatOf = (schema: JsonObject): ResponseTextConfig => ({
  format: { type: 'json_schema', name: 'answer', schema, strict: isStrict(schema) },
});

const schemaInWords = (schema: JsonObject): string =>
  `The final answer must be JSON that satisfies this JSON Schema, and nothing else: ${JSON.stringify(schema)}`;
