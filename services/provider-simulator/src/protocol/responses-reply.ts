// OpenAI's Responses API, the answering half: a turn as output items, whole or as the typed events of a stream. The
// request's instructions and tools are not echoed; in a stream the long prompt would stand three times.
import type { Usage } from '../model/tokens.ts';
import type { Dialect, Reply } from './dialect.ts';
import { type ApiFault, openaiError } from './errors.ts';
import { parseResponsesRequest } from './responses-request.ts';
import { type EventStream, namedEvent, type Piece, piece, pieces } from './sse.ts';

type TextPart =
  | { type: 'output_text'; text: string; annotations: []; logprobs: [] }
  | { type: 'refusal'; refusal: string };

type Status = 'in_progress' | 'completed' | 'incomplete';

type OutputItem =
  | { type: 'message'; id: string; status: Status; role: 'assistant'; content: TextPart[] }
  | { type: 'function_call'; id: string; status: Status; call_id: string; name: string; arguments: string };

export const responses: Dialect = {
  endpoint: 'responses',
  family: 'openai',
  parse: parseResponsesRequest,
  body: (reply) => finalResponse(reply),
  stream,
  errorEvent: (fault, position) =>
    namedEvent('error', { type: 'error', sequence_number: position, ...openaiError(fault) }),
};

/** The `response.failed` event: the one failure that the SDK hands over as an ordinary event. */
export function failedEvent(reply: Reply, fault: ApiFault, position: number): string {
  const error = { code: fault.code ?? 'server_error', message: fault.message };
  const response = { ...snapshot(reply, 'failed'), error };
  return namedEvent('response.failed', { type: 'response.failed', sequence_number: position, response });
}

function outputItems({ id, turn }: Reply): OutputItem[] {
  switch (turn.kind) {
    case 'answer': {
      const part: TextPart = { type: 'output_text', text: turn.text, annotations: [], logprobs: [] };
      return [
        { type: 'message', id: `msg_${id}`, status: endStatus(turn), role: 'assistant', content: [part] },
      ];
    }
    case 'refusal': {
      const part: TextPart = { type: 'refusal', refusal: turn.text };
      return [{ type: 'message', id: `msg_${id}`, status: 'completed', role: 'assistant', content: [part] }];
    }
    case 'calls':
      return turn.calls.map((call, index) => ({
        type: 'function_call',
        id: `fc_${id}_${index}`,
        status: index === turn.calls.length - 1 ? endStatus(turn) : 'completed',
        call_id: `call_${id}_${index}`,
        ...call,
      }));
  }
}

const endStatus = (turn: { truncated: boolean }): Status => (turn.truncated ? 'incomplete' : 'completed');

function snapshot(reply: Reply, status: Status | 'failed'): object {
  const { conversation, model, maxOutputTokens } = reply.request;
  const { toolChoice } = conversation;
  return {
    id: `resp_${reply.id}`,
    object: 'response',
    created_at: Math.floor(reply.createdAt.getTime() / 1_000),
    status,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: maxOutputTokens ?? null,
    metadata: {},
    model,
    output: [],
    parallel_tool_calls: conversation.parallelCalls,
    previous_response_id: null,
    store: false,
    temperature: 1,
    tool_choice: toolChoice.kind === 'named' ? { type: 'function', name: toolChoice.name } : toolChoice.kind,
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: null,
  };
}

function finalResponse(reply: Reply): object {
  const truncated = reply.turn.kind !== 'refusal' && reply.turn.truncated;
  return {
    ...snapshot(reply, truncated ? 'incomplete' : 'completed'),
    incomplete_details: truncated ? { reason: 'max_output_tokens' } : null,
    output: outputItems(reply),
    usage: wireUsage(reply.usage),
  };
}

function wireUsage(usage: Usage | undefined): object | null {
  if (usage === undefined) return null;
  const { inputTokens, outputTokens, cached = 0, cacheWrite = 0, reasoning = 0 } = usage;
  const { cacheWriteShort: ttl_30m_tokens, cacheWriteLong: ttl_12h_tokens } = usage;
  return {
    input_tokens: inputTokens,
    input_tokens_details: {
      cached_tokens: cached,
      cache_write_tokens: cacheWrite,
      ...((ttl_30m_tokens ?? ttl_12h_tokens) !== undefined && {
        cache_write_tokens_details: { ttl_30m_tokens, ttl_12h_tokens },
      }),
    },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: inputTokens + outputTokens,
  };
}

type Emit = (type: string, fields: object, says?: number) => void;

function stream(reply: Reply): EventStream {
  const events: Piece[] = [];
  const emit: Emit = (type, fields, says) => {
    events.push(piece(namedEvent(type, { type, sequence_number: events.length, ...fields }), says));
  };
  emit('response.created', { response: snapshot(reply, 'in_progress') });
  emit('response.in_progress', { response: snapshot(reply, 'in_progress') });
  for (const [index, item] of outputItems(reply).entries()) {
    if (item.type === 'message') emitMessage(emit, item, index, reply.deltaLength);
    else emitCall(emit, item, index, reply.deltaLength);
  }
  const truncated = reply.turn.kind !== 'refusal' && reply.turn.truncated;
  emit(truncated ? 'response.incomplete' : 'response.completed', { response: finalResponse(reply) });
  return {
    events: events.slice(0, -1),
    ending: events.slice(-1).map((last) => ({ ...last, tells: reply.usage })),
  };
}

function emitMessage(
  emit: Emit,
  item: Extract<OutputItem, { type: 'message' }>,
  output_index: number,
  deltaLength: number,
): void {
  emit('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } });
  for (const [content_index, part] of item.content.entries()) {
    const at = { item_id: item.id, output_index, content_index };
    if (part.type === 'output_text') {
      emit('response.content_part.added', { ...at, part: { ...part, text: '' } });
      for (const delta of pieces(part.text, deltaLength)) {
        emit('response.output_text.delta', { ...at, delta, logprobs: [] }, delta.length);
      }
      emit('response.output_text.done', { ...at, text: part.text, logprobs: [] });
    } else {
      emit('response.content_part.added', { ...at, part: { ...part, refusal: '' } });
      for (const delta of pieces(part.refusal, deltaLength)) {
        emit('response.refusal.delta', { ...at, delta }, delta.length);
      }
      emit('response.refusal.done', { ...at, refusal: part.refusal });
    }
    emit('response.content_part.done', { ...at, part });
  }
  emit('response.output_item.done', { output_index, item });
}

function emitCall(
  emit: Emit,
  item: Extract<OutputItem, { type: 'function_call' }>,
  output_index: number,
  deltaLength: number,
): void {
  const at = { item_id: item.id, output_index };
  const opened = { ...item, status: 'in_progress', arguments: '' };
  emit('response.output_item.added', { output_index, item: opened }, item.name.length);
  for (const delta of pieces(item.arguments, deltaLength)) {
    emit('response.function_call_arguments.delta', { ...at, delta }, delta.length);
  }
  emit('response.function_call_arguments.done', { ...at, arguments: item.arguments });
  emit('response.output_item.done', { output_index, item });
}
