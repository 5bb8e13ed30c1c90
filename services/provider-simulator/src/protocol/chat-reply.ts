// OpenAI's Chat Completions API, the answering half: a turn as one choice, whole or as chunks. Whatever says that the
// answer is whole (finish reason, usage, [DONE]) belongs to the stream's ending.
import { parseChatRequest } from './chat-request.ts';
import type { Usage } from '../model/tokens.ts';
import type { Dialect, Reply } from './dialect.ts';
import { openaiError } from './errors.ts';
import { DONE_EVENT, dataEvent, type EventStream, piece, pieces } from './sse.ts';

export const chatCompletions: Dialect = {
  endpoint: 'chat',
  family: 'openai',
  parse: parseChatRequest,
  body: completion,
  stream,
  errorEvent: (fault) => dataEvent({ error: openaiError(fault) }),
};

function finishReason({ turn }: Reply): 'stop' | 'length' | 'tool_calls' {
  if (turn.kind === 'refusal') return 'stop';
  if (turn.truncated) return 'length';
  return turn.kind === 'calls' ? 'tool_calls' : 'stop';
}

const head = ({ id, createdAt, request }: Reply): object => ({
  id: `chatcmpl-${id}`,
  created: Math.floor(createdAt.getTime() / 1_000),
  model: request.model,
  service_tier: 'default',
});

const wireUsage = (usage: Usage): object => ({
  prompt_tokens: usage.inputTokens,
  completion_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  prompt_tokens_details: { cached_tokens: usage.cached ?? 0, cache_write_tokens: usage.cacheWrite ?? 0 },
  completion_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
});

interface WireCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

function callsOf({ id, turn }: Reply): WireCall[] {
  if (turn.kind !== 'calls') return [];
  return turn.calls.map((call, index) => ({
    id: `call_${id}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }));
}

function completion(reply: Reply): object {
  const { turn } = reply;
  const calls = callsOf(reply);
  const message = {
    role: 'assistant',
    content: turn.kind === 'answer' ? turn.text : null,
    refusal: turn.kind === 'refusal' ? turn.text : null,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return {
    ...head(reply),
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply) }],
    ...(reply.usage && { usage: wireUsage(reply.usage) }),
  };
}

function stream(reply: Reply): EventStream {
  const { streamUsage } = reply.request;
  const usage = streamUsage ? reply.usage : undefined;
  const common = {
    ...head(reply),
    object: 'chat.completion.chunk',
    ...(streamUsage ? { usage: null } : {}),
  };
  const chunk = (delta: object, finish_reason: string | null = null): string =>
    dataEvent({ ...common, choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  return {
    events: deltasOf(reply).map(({ delta, says }) => piece(chunk(delta), says)),
    ending: [
      piece(chunk({}, finishReason(reply))),
      ...(usage ? [piece(dataEvent({ ...common, choices: [], usage: wireUsage(usage) }), 0, usage)] : []),
      piece(DONE_EVENT),
    ],
  };
}

interface Delta {
  readonly delta: object;
  readonly says: number;
}

function deltasOf(reply: Reply): Delta[] {
  const { turn, deltaLength } = reply;
  const begin = (fields: object): Delta => ({ delta: { role: 'assistant', ...fields }, says: 0 });
  switch (turn.kind) {
    case 'answer':
      return [
        begin({ content: '', refusal: null }),
        ...pieces(turn.text, deltaLength).map((content) => ({ delta: { content }, says: content.length })),
      ];
    case 'refusal':
      return [
        begin({ content: null, refusal: '' }),
        ...pieces(turn.text, deltaLength).map((refusal) => ({ delta: { refusal }, says: refusal.length })),
      ];
    case 'calls':
      return [
        begin({ content: null, refusal: null }),
        ...callsOf(reply).flatMap((call, index) => callDeltas(call, index, deltaLength)),
      ];
  }
}

function callDeltas(call: WireCall, index: number, deltaLength: number): Delta[] {
  const { name } = call.function;
  const begin = { index, ...call, function: { name, arguments: '' } };
  return [
    { delta: { tool_calls: [begin] }, says: name.length },
    ...pieces(call.function.arguments, deltaLength).map((part) => ({
      delta: { tool_calls: [{ index, function: { arguments: part } }] },
      says: part.length,
    })),
  ];
}
