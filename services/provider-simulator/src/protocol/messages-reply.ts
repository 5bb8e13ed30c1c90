// Anthropic's Messages API, the answering half: a turn as content blocks, whole or as the events of a stream. Usage in
// `message_delta` is cumulative, as Anthropic counts. `message_delta` carries the stop reason, so it belongs to the ending.
import { isRecord, parseJson } from '../model/json.ts';
import type { Usage } from '../model/tokens.ts';
import type { Dialect, Reply } from './dialect.ts';
import { anthropicError } from './errors.ts';
import { parseMessagesRequest } from './messages-request.ts';
import { type EventStream, namedEvent, type Piece, piece, pieces } from './sse.ts';

export const messages: Dialect = {
  endpoint: 'messages',
  family: 'anthropic',
  parse: parseMessagesRequest,
  body: (reply) => ({
    ...messageOf(reply, reply.usage),
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

function messageOf({ id, request }: Reply, usage: Usage | undefined): object {
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
    ...(usage && {
      usage: { ...wireUsage(usage), inference_geo: null, service_tier: 'standard', speed: null },
    }),
  };
}

/** Anthropic's `input_tokens` are those beside the cache. */
function wireUsage(usage: Usage): object {
  const { cached = 0, cacheWrite = 0, cacheWriteShort, cacheWriteLong, reasoning, webSearches } = usage;
  return {
    cache_creation:
      (cacheWriteShort ?? cacheWriteLong) === undefined
        ? null
        : { ephemeral_5m_input_tokens: cacheWriteShort ?? 0, ephemeral_1h_input_tokens: cacheWriteLong ?? 0 },
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cached,
    input_tokens: usage.inputTokens - cached - cacheWrite,
    output_tokens: usage.outputTokens,
    output_tokens_details: reasoning === undefined ? null : { thinking_tokens: reasoning },
    server_tool_use:
      webSearches === undefined ? null : { web_search_requests: webSearches, web_fetch_requests: 0 },
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

const event = (type: string, fields: object = {}): string => namedEvent(type, { type, ...fields });

function stream(reply: Reply): EventStream {
  const { turn, deltaLength, usage } = reply;
  const begun = usage && { ...usage, outputTokens: 1, reasoning: undefined, webSearches: undefined };
  const blocks = blocksOf(reply).flatMap((block, index) => [
    piece(
      event('content_block_start', {
        index,
        content_block: block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} },
      }),
      block.type === 'tool_use' ? block.name.length : 0,
    ),
    ...(index === 0 ? [piece(event('ping'))] : []),
    ...(block.type === 'text'
      ? textDeltas(index, block.text, deltaLength)
      : inputDeltas(index, turn.kind === 'calls' ? (turn.calls[index]?.arguments ?? '') : '', deltaLength)),
    piece(event('content_block_stop', { index })),
  ]);
  const end = { delta: { ...stopOf(reply), container: null }, ...(usage && { usage: wireUsage(usage) }) };
  return {
    events: [piece(event('message_start', { message: messageOf(reply, begun) }), 0, begun), ...blocks],
    ending: [piece(event('message_delta', end), 0, usage), piece(event('message_stop'))],
  };
}

const textDeltas = (index: number, whole: string, length: number): Piece[] =>
  pieces(whole, length).map((text) =>
    piece(event('content_block_delta', { index, delta: { type: 'text_delta', text } }), text.length),
  );

/** The first one is empty, as Anthropic's is. */
const inputDeltas = (index: number, whole: string, length: number): Piece[] =>
  ['', ...pieces(whole, length)].map((partial_json) =>
    piece(
      event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json } }),
      partial_json.length,
    ),
  );
