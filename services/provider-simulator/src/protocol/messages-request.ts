// Reads a request of Anthropic's Messages API into the canonical form, refusing what API version 2026-10-21 refuses:
// sampling parameters are a 400 there, even at their default values.
import { z } from 'zod';
import type { Conversation, Message, ModelRequest, ToolChoice } from '../model/conversation.ts';
import { pairingFault } from '../model/conversation.ts';
import { Schema } from './dialect.ts';
import { ApiError, parseBody } from './errors.ts';

const CallId = z.string().regex(/^[a-zA-Z0-9_-]+$/, "String should match pattern '^[a-zA-Z0-9_-]+$'");
const ToolName = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,128}$/, "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");

const TextBlock = z.object({
  type: z.literal('text'),
  text: z.string().min(1, 'text content blocks must be non-empty'),
});

const Block = z.discriminatedUnion('type', [
  TextBlock,
  z.object({ type: z.literal('tool_use'), id: CallId, name: ToolName, input: Schema }),
  z.object({
    type: z.literal('tool_result'),
    tool_use_id: CallId,
    content: z
      .union([z.string(), z.array(z.object({ type: z.string(), text: z.string().optional() }))])
      .optional(),
    is_error: z.boolean().optional(),
  }),
  z.object({ type: z.enum(['image', 'document', 'thinking', 'redacted_thinking']) }),
]);
type Block = z.infer<typeof Block>;

const MessageParam = z.object({
  role: z.enum(['user', 'assistant', 'system']),
  content: z.union([z.string().min(1, 'content must be non-empty'), z.array(Block).min(1)]),
});
type MessageParam = z.infer<typeof MessageParam>;

const parallel = { disable_parallel_tool_use: z.boolean().optional() };
const Choice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('auto'), ...parallel }),
  z.object({ type: z.literal('any'), ...parallel }),
  z.object({ type: z.literal('none') }),
  z.object({ type: z.literal('tool'), name: ToolName, ...parallel }),
]);
type Choice = z.infer<typeof Choice>;

const Body = z.object({
  model: z.string().min(1),
  max_tokens: z.number().int().min(1),
  messages: z.array(MessageParam).min(1, 'at least one message is required'),
  system: z.union([z.string(), z.array(TextBlock)]).optional(),
  tools: z.array(z.object({ name: ToolName, input_schema: Schema })).optional(),
  tool_choice: Choice.optional(),
  output_config: z
    .object({ format: z.object({ type: z.literal('json_schema'), schema: Schema }).nullish() })
    .optional(),
  stream: z.boolean().optional(),
});
type Body = z.infer<typeof Body>;

const SAMPLING_REMOVED_IN = '2026-10-21';
const SAMPLING = ['temperature', 'top_p', 'top_k'] as const;

/** Throws ApiError with Anthropic's own 400. */
export function parseMessagesRequest(raw: unknown, headers: Readonly<Record<string, unknown>>): ModelRequest {
  const version = headers['anthropic-version'];
  if (typeof version !== 'string') {
    throw new ApiError({ status: 400, message: 'anthropic-version: header is required' });
  }
  const body = parseBody('anthropic', Body, raw);
  if (version >= SAMPLING_REMOVED_IN) refuseSampling(raw);
  return {
    model: body.model,
    stream: body.stream ?? false,
    streamUsage: true,
    maxOutputTokens: body.max_tokens,
    conversation: conversationOf(body),
  };
}

function refuseSampling(raw: unknown): void {
  const sent = SAMPLING.find((name) => typeof raw === 'object' && raw !== null && name in raw);
  if (sent === undefined) return;
  throw new ApiError({ status: 400, message: `${sent}: Extra inputs are not permitted` });
}

function conversationOf(body: Body): Conversation {
  const system = typeof body.system === 'string' ? body.system : textOf(body.system ?? []);
  const messages: Message[] = [
    ...(system === '' ? [] : [{ role: 'system', text: system } as const]),
    ...body.messages.flatMap(messagesOf),
  ];
  requirePairs(messages);
  const choice = body.tool_choice ?? { type: 'auto' };
  return {
    messages,
    tools: (body.tools ?? []).map((tool) => ({ name: tool.name, parameters: tool.input_schema })),
    toolChoice: toolChoiceOf(choice),
    parallelCalls: choice.type === 'none' || choice.disable_parallel_tool_use !== true,
    answerSchema: body.output_config?.format?.schema,
  };
}

function toolChoiceOf(choice: Choice): ToolChoice {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return { kind: choice.type };
    case 'any':
      return { kind: 'required' };
    case 'tool':
      return { kind: 'named', name: choice.name };
  }
}

/** A user message may hold the results of the turn before and, after them, what the user says. */
function messagesOf({ role, content }: MessageParam): Message[] {
  const blocks: readonly Block[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  const text = textOf(blocks);
  switch (role) {
    case 'system':
      return [{ role, text }];
    case 'assistant':
      return [{ role, text, calls: blocks.flatMap(callOf) }];
    case 'user': {
      const results = blocks.flatMap(resultOf);
      return text === '' && results.length > 0 ? results : [...results, { role, text }];
    }
  }
}

const callOf = (block: Block): { id: string; name: string; arguments: string }[] =>
  block.type === 'tool_use'
    ? [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input) }]
    : [];

function resultOf(block: Block): Message[] {
  if (block.type !== 'tool_result') return [];
  const { content = '' } = block;
  const text = typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('\n');
  return [{ role: 'tool', callId: block.tool_use_id, text, isError: block.is_error ?? false }];
}

const textOf = (blocks: readonly Block[]): string =>
  blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');

function requirePairs(messages: readonly Message[]): void {
  const fault = pairingFault(messages, 'adjacent');
  if (fault === undefined) return;
  const message =
    fault.kind === 'result_without_call'
      ? `messages: unexpected tool_use_id found in tool_result blocks: ${fault.callId}`
      : `messages: tool_use ids were found without tool_result blocks immediately after: ${fault.callId}`;
  throw new ApiError({ status: 400, message });
}
