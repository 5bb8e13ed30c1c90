// A model request in the dialect of OpenAI's Chat Completions API, as the servers of local models speak it: nothing in it that
// only OpenAI's own server knows. Pure.
import type { JsonObject, ModelToolCall, ToolDefinition } from '@troupe/contracts';
import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions/completions';
import type { ModelMessage } from '../generation.ts';
import { isReasoning } from '../rules/models.ts';
import { isStrict } from '../rules/strict-schema.ts';
import { argumentsOf } from './call-arguments.ts';
import type { Asked } from './adapted.ts';
import { adapted } from './adapted.ts';
import { wireName } from './wire-name.ts';

export function chatBody(asked: Asked): ChatCompletionCreateParamsStreaming {
  const { system, tools, toolChoice, strictTools, schema, temperature, maxTokens } = adapted(asked);
  return {
    model: asked.model,
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      // One, and first: the templates of many local models take no other.
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      ...adjacent(asked.request.messages).flatMap(messageOf),
    ],
    ...(tools.length > 0 && { tools: tools.map((tool) => toolOf(tool, strictTools)) }),
    ...(tools.length > 0 && toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(schema !== undefined && { response_format: formatOf(schema) }),
    ...(temperature !== undefined && { temperature }),
    // The older name is the one that every compatible server knows; OpenAI's reasoning models refuse it.
    [isReasoning(asked.model) ? 'max_completion_tokens' : 'max_tokens']: maxTokens,
  };
}

/** The results of a turn's calls come right behind it: the API refuses whatever stands between them. */
function adjacent(messages: readonly ModelMessage[]): ModelMessage[] {
  const ordered: ModelMessage[] = [];
  let behindResults = 0;
  for (const message of messages) {
    if (message.role === 'tool') ordered.splice(behindResults, 0, message);
    else ordered.push(message);
    if (message.role === 'assistant') behindResults = ordered.length;
    else if (message.role === 'tool') behindResults += 1;
  }
  return ordered;
}

function messageOf(message: ModelMessage): ChatCompletionMessageParam[] {
  switch (message.role) {
    case 'system':
      return [];
    case 'user':
      return [{ role: 'user', content: message.text }];
    case 'assistant': {
      const { text, tool_calls } = message.turn;
      if (!text && tool_calls.length === 0) return [];
      return [
        {
          role: 'assistant',
          content: text ?? null,
          ...(tool_calls.length > 0 && { tool_calls: tool_calls.map(callOf) }),
        },
      ];
    }
    case 'tool':
      return [{ role: 'tool', tool_call_id: message.callId, content: message.text }];
  }
}

const callOf = (call: ModelToolCall): ChatCompletionMessageFunctionToolCall => ({
  id: call.call_id,
  type: 'function',
  function: { name: wireName(call.name), arguments: JSON.stringify(argumentsOf(call)) },
});

const toolOf = (
  { name, description, input_schema }: ToolDefinition,
  strictly: boolean,
): ChatCompletionTool => ({
  type: 'function',
  function: {
    name,
    description,
    parameters: input_schema,
    // Left out where it does not hold: not every server knows it.
    ...(strictly && isStrict(input_schema) && { strict: true }),
  },
});

const formatOf = (schema: JsonObject): ChatCompletionCreateParamsStreaming['response_format'] & object => ({
  type: 'json_schema',
  json_schema: { name: 'answer', schema, strict: isStrict(schema) },
});
