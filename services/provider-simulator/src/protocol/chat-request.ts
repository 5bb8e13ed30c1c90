// Reads a request of OpenAI's Chat Completions API into the canonical form.
import { z } from 'zod';
import type { Conversation, JsonSchema, Message, ModelRequest, Tool } from '../model/conversation.ts';
import { pairingFault } from '../model/conversation.ts';
import { ANY_JSON_ANSWER, Content, FunctionName, Schema, textOf } from './dialect.ts';
import { ApiError, parseBody } from './errors.ts';
import { requireStrict } from './strict-schema.ts';

const ChatMessage = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: Content }),
  z.object({ role: z.literal('user'), content: Content }),
  z.object({
    role: z.literal('assistant'),
    content: Content.nullish(),
    tool_calls: z
      .array(
        z.object({
          id: z.string().min(1),
          type: z.literal('function'),
          function: z.object({ name: FunctionName, arguments: z.string() }),
        }),
      )
      .min(1)
      .optional(),
  }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string().min(1), content: Content }),
]);
type ChatMessage = z.infer<typeof ChatMessage>;

const FunctionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: FunctionName,
    parameters: Schema.optional(),
    strict: z.boolean().nullish(),
  }),
});

const Format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({ name: FunctionName, schema: Schema, strict: z.boolean().nullish() }),
  }),
]);

const Body = z.object({
  model: z.string().min(1),
  messages: z.array(ChatMessage).min(1),
  tools: z.array(FunctionTool).optional(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.object({ type: z.literal('function'), function: z.object({ name: FunctionName }) }),
    ])
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  max_tokens: z.number().int().min(1).nullish(),
  response_format: Format.optional(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
});
type Body = z.infer<typeof Body>;

/** Throws ApiError with OpenAI's own 400. */
export function parseChatRequest(raw: unknown): ModelRequest {
  const body = parseBody('openai', Body, raw);
  return {
    model: body.model,
    stream: body.stream ?? false,
    streamUsage: body.stream_options?.include_usage ?? false,
    maxOutputTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    conversation: conversationOf(body),
  };
}

function conversationOf(body: Body): Conversation {
  const choice = body.tool_choice ?? 'auto';
  const messages = body.messages.map(messageOf);
  requirePairs(messages);
  return {
    messages,
    tools: (body.tools ?? []).map(toolOf),
    toolChoice: typeof choice === 'string' ? { kind: choice } : { kind: 'named', name: choice.function.name },
    parallelCalls: body.parallel_tool_calls ?? true,
    answerSchema: answerSchemaOf(body),
  };
}

function messageOf(message: ChatMessage): Message {
  const text = textOf(message.content);
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', text };
    case 'user':
      return { role: 'user', text };
    case 'assistant': {
      const calls = (message.tool_calls ?? []).map((call) => ({ id: call.id, ...call.function }));
      return { role: 'assistant', text, calls };
    }
    case 'tool':
      return { role: 'tool', callId: message.tool_call_id, text, isError: false };
  }
}

function requirePairs(messages: readonly Message[]): void {
  const fault = pairingFault(messages, 'adjacent');
  if (fault === undefined) return;
  const message =
    fault.kind === 'result_without_call'
      ? `A message with role 'tool' must answer a preceding tool call; none has the id ${fault.callId}.`
      : `Every tool call must be followed by a tool message; there is none for tool_call_id ${fault.callId}.`;
  throw new ApiError({ status: 400, message, param: 'messages' });
}

function toolOf({ function: definition }: z.infer<typeof FunctionTool>, index: number): Tool {
  const parameters = definition.parameters ?? {};
  if (definition.strict === true) {
    requireStrict(parameters, definition.name, `tools[${index}].function.parameters`);
  }
  return { name: definition.name, parameters };
}

function answerSchemaOf({ response_format: format }: Body): JsonSchema | undefined {
  if (format?.type === 'json_object') return ANY_JSON_ANSWER;
  if (format?.type !== 'json_schema') return undefined;
  const { name, schema, strict } = format.json_schema;
  if (strict === true) requireStrict(schema, name, 'response_format.json_schema.schema');
  return schema;
}
