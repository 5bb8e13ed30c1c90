// Reads a request of OpenAI's Responses API into the canonical form. Only function tools are known: a request for hosted
// tools is refused, not silently answered without them. Responses are not kept, so any `previous_response_id` is unknown.
import { z } from 'zod';
import type { Conversation, JsonSchema, Message, ModelRequest, Tool } from '../model/conversation.ts';
import { pairingFault } from '../model/conversation.ts';
import { ANY_JSON_ANSWER, Content, FunctionName, Schema, textOf } from './dialect.ts';
import { ApiError, parseBody } from './errors.ts';
import { requireStrict } from './strict-schema.ts';

const CallId = z.string().min(1).max(64);

const Item = z.preprocess(
  (item) =>
    typeof item === 'object' && item !== null && !('type' in item) ? { ...item, type: 'message' } : item,
  z.discriminatedUnion('type', [
    z.object({
      type: z.literal('message'),
      role: z.enum(['user', 'assistant', 'system', 'developer']),
      content: Content,
    }),
    z.object({
      type: z.literal('function_call'),
      call_id: CallId,
      name: FunctionName,
      arguments: z.string(),
    }),
    z.object({ type: z.literal('function_call_output'), call_id: CallId, output: Content }),
    z.object({ type: z.literal('reasoning') }),
  ]),
);
type Item = z.infer<typeof Item>;

const FunctionTool = z.object({
  type: z.literal('function'),
  name: FunctionName,
  parameters: Schema.nullish(),
  strict: z.boolean().nullish(),
});

const Format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: FunctionName,
    schema: Schema,
    strict: z.boolean().nullish(),
  }),
]);

const Body = z.object({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(Item)]),
  instructions: z.string().nullish(),
  tools: z.array(FunctionTool).nullish(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.object({ type: z.literal('function'), name: FunctionName }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  max_output_tokens: z.number().int().min(16).nullish(),
  text: z.object({ format: Format.optional() }).nullish(),
  stream: z.boolean().nullish(),
  previous_response_id: z.string().nullish(),
});
type Body = z.infer<typeof Body>;

/** Throws ApiError with OpenAI's own 400. */
export function parseResponsesRequest(raw: unknown): ModelRequest {
  const body = parseBody('openai', Body, raw);
  if (typeof body.previous_response_id === 'string') {
    throw new ApiError({
      status: 400,
      message: `Previous response with id '${body.previous_response_id}' not found.`,
      code: 'previous_response_not_found',
      param: 'previous_response_id',
    });
  }
  return {
    model: body.model,
    stream: body.stream ?? false,
    streamUsage: true,
    maxOutputTokens: body.max_output_tokens ?? undefined,
    conversation: conversationOf(body),
  };
}

function conversationOf(body: Body): Conversation {
  const choice = body.tool_choice ?? 'auto';
  const messages: Message[] = body.instructions ? [{ role: 'system', text: body.instructions }] : [];
  if (typeof body.input === 'string') messages.push({ role: 'user', text: body.input });
  else messages.push(...body.input.flatMap(messageOf));
  requirePairs(messages);
  return {
    messages,
    tools: (body.tools ?? []).map(toolOf),
    toolChoice: typeof choice === 'string' ? { kind: choice } : { kind: 'named', name: choice.name },
    parallelCalls: body.parallel_tool_calls ?? true,
    answerSchema: answerSchemaOf(body),
  };
}

function messageOf(item: Item): Message[] {
  switch (item.type) {
    case 'message': {
      const text = textOf(item.content);
      if (item.role === 'assistant') return [{ role: 'assistant', text, calls: [] }];
      return [{ role: item.role === 'user' ? 'user' : 'system', text }];
    }
    case 'function_call': {
      const call = { id: item.call_id, name: item.name, arguments: item.arguments };
      return [{ role: 'assistant', text: '', calls: [call] }];
    }
    case 'function_call_output':
      return [{ role: 'tool', callId: item.call_id, text: textOf(item.output), isError: false }];
    case 'reasoning':
      return [];
  }
}

function requirePairs(messages: readonly Message[]): void {
  const fault = pairingFault(messages, 'anywhere');
  if (fault === undefined) return;
  const [missing, present] =
    fault.kind === 'result_without_call'
      ? ['tool call', 'function call output']
      : ['tool output', 'function call'];
  const message = `No ${missing} found for ${present} with call_id ${fault.callId}.`;
  throw new ApiError({ status: 400, message, param: 'input' });
}

function toolOf(tool: z.infer<typeof FunctionTool>, index: number): Tool {
  const parameters = tool.parameters ?? {};
  if (tool.strict === true) requireStrict(parameters, tool.name, `tools[${index}].parameters`);
  return { name: tool.name, parameters };
}

function answerSchemaOf({ text }: Body): JsonSchema | undefined {
  const format = text?.format;
  if (format?.type === 'json_object') return ANY_JSON_ANSWER;
  if (format?.type !== 'json_schema') return undefined;
  if (format.strict === true) requireStrict(format.schema, format.name, 'text.format.schema');
  return format.schema;
}
