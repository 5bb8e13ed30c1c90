// Anthropic's Messages API, the answering half: a turn as content blocks, whole or as the events of a stream. Usage in
// `message_delta` is cumulative, as Anthropic counts. `message_delta` carries the stop reason, so it belongs to the ending.
import { isRecord, parseJson } from '../model/json.ts';
import type { Dialect, Reply } from './dialect.ts';
import { anthropicError } from './errors.ts';
import { parseMessagesRequest } from './messages-request.ts';
import { type EventStream, namedEvent, pieces } from './sse.ts';

export const messages: Dialect = {
  endpoint: 'messages',
  family: 'anthropic',
  parse: parseMessagesRequest,
  body: (reply) => ({
    ...messageOf(reply, reply.usage.outputTokens),
    ...stopOf(reply),
    content: blocksOf(reply),
  }),
  stream,
  errorEvent: (fault, _position, request_id) =>
    namedEvent('error', { type: 'error', error: anthropicError(fault), request_id }),
};

type Block =
  | { type: 'text'; text: string; citations: null }
  | { type: 'tool_use'; id: string; name: string; input: unknown; caller: { type: 'direct' } };

function messageOf({ id, request, usage }: Reply, outputTokens: number): object {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: [],
    container: null,
    diagnostics: null,
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    usage: {
      cache_creation: null,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      inference_geo: null,
      input_tokens: usage.inputTokens,
      output_tokens: outputTokens,
      output_tokens_details: null,
      server_tool_use: null,
      service_tier: 'standard',
      speed: null,
    },
  };
}

function stopOf({ turn }: Reply): { stop_reason: string; stop_sequence: null; stop_details: object | null } {
  if (turn.kind === 'refusal') {
    const stop_details = { type: 'refusal', category: 'general_harms', explanation: turn.text };
    return { stop_reason: 'refusal', stop_sequence: null, stop_details };
  }
  const reason = turn.kind === 'calls' ? 'tool_use' : 'end_turn';
  return { stop_reason: turn.truncated ? 'max_tokens' : reason, stop_sequence: null, stop_details: null };
}

/** A refusal has no content; its reason stands in `stop_details`. Arguments that are no JSON object become `{}`. */
function blocksOf({ id, turn }: Reply): Block[] {
  switch (turn.kind) {
    case 'refusal':
      return [];
    case 'answer':
      return [{ type: 'text', text: turn.text, citations: null }];
    case 'calls':
      return turn.calls.map((call, index) => {
        const input = parseJson(call.arguments);
        return {
          type: 'tool_use',
          id: `toolu_${id}_${index}`,
          name: call.name,
          input: isRecord(input) ? input : {},
          caller: { type: 'direct' },
        };
      });
  }
}

function stream(reply: Reply): EventStream {
  const event = (type: string, fields: object = {}): string => namedEvent(type, { type, ...fields });
  const { turn, deltaLength, usage } = reply;
  const blocks = blocksOf(reply).flatMap((block, index) => [
    event('content_block_start', {
      index,
      content_block: block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} },
    }),
    ...(index === 0 ? [event('ping')] : []),
    ...(block.type === 'text'
      ? pieces(block.text, deltaLength).map((text) => ({ type: 'text_delta', text }))
      : ['', ...pieces(turn.kind === 'calls' ? (turn.calls[index]?.arguments ?? '') : '', deltaLength)].map(
          (partial_json) => ({ type: 'input_json_delta', partial_json }),
        )
    ).map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ]);
  const total = {
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    output_tokens_details: null,
    server_tool_use: null,
  };
  return {
    events: [event('message_start', { message: messageOf(reply, 1) }), ...blocks],
    ending: [
      event('message_delta', { delta: { ...stopOf(reply), container: null }, usage: total }),
      event('message_stop'),
    ],
  };
}
