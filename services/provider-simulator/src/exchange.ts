// One provider call on the wire, from its first byte to its entry in the ledger. What the answer says and how it may be
// broken is decided in generation.ts and embedding.ts; here the call is authenticated, answered and counted.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticate, keyHashOf } from './auth.ts';
import type { Incoming, Prepared, Workings } from './call.ts';
import { prepareEmbedding } from './embedding.ts';
import { delayed, errorDelivery } from './faults/delivery.ts';
import { prepareTurn } from './generation.ts';
import { readBody } from './http.ts';
import type { Arrival, Ledger } from './ledger.ts';
import type { Endpoint } from './model/conversation.ts';
import { isRecord, parseJson } from './model/json.ts';
import { perform } from './perform.ts';
import { chatCompletions } from './protocol/chat-reply.ts';
import { ApiError, errorText, type Family } from './protocol/errors.ts';
import { messages } from './protocol/messages-reply.ts';
import { responses } from './protocol/responses-reply.ts';

const MAX_EXCERPT = 200;

export interface Exchange extends Workings {
  readonly ledger: Ledger;
  /** Waited before every answer. */
  readonly latencyMs: number;
  readonly now: () => Date;
  readonly nextRequestId: () => string;
}

const familyOf = (endpoint: Endpoint): Family => (endpoint === 'messages' ? 'anthropic' : 'openai');

/** Serves one call to its end. Rejects if the client leaves while it is still sending its request. */
export async function serve(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
): Promise<void> {
  const requestId = exchange.nextRequestId();
  response.setHeader(endpoint === 'messages' ? 'request-id' : 'x-request-id', requestId);
  const raw = await readBody(request);
  const arrived = {
    requestId,
    at: exchange.now(),
    keyHash: keyHashOf(request.headers),
    headers: request.headers,
    raw,
    body: raw === undefined ? undefined : parseJson(raw),
  };
  const call = exchange.ledger.open(arrivalOf(endpoint, arrived));
  const { delivery, details } = answerTo(endpoint, { ...arrived, atOnce: call.atOnce }, exchange);
  call.describe({ ...details, goal: details.goal.slice(0, MAX_EXCERPT) });
  const { ending, ...sent } = await perform(delayed(delivery, exchange.latencyMs).steps, response);
  const status = response.headersSent ? delivery.status : null;
  call.close(ending === 'aborted' ? 'aborted' : delivery.outcome, status, sent);
}

/** The prepared answer, or the provider's refusal of the request. */
function answerTo(endpoint: Endpoint, incoming: Incoming, workings: Workings): Prepared {
  const family = familyOf(endpoint);
  try {
    authenticate(family, incoming.headers);
    requireJson(incoming);
    return prepare(endpoint, incoming, workings);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return {
      delivery: errorDelivery(error.fault.status, errorText(family, error.fault, incoming.requestId)),
      details: { stream: false, goal: '', scripted: null, prompt_tokens: 0 },
    };
  }
}

function requireJson({ raw, body }: Incoming): void {
  if (raw === undefined) throw new ApiError({ status: 413, message: 'The request exceeds 32 MiB.' });
  if (!isRecord(body)) throw new ApiError({ status: 400, message: 'The request body is not a JSON object.' });
}

function prepare(endpoint: Endpoint, incoming: Incoming, workings: Workings): Prepared {
  switch (endpoint) {
    case 'responses':
      return prepareTurn(responses, incoming, workings);
    case 'chat':
      return prepareTurn(chatCompletions, incoming, workings);
    case 'messages':
      return prepareTurn(messages, incoming, workings);
    case 'embeddings':
      return prepareEmbedding(incoming, workings);
  }
}

function arrivalOf(endpoint: Endpoint, incoming: Omit<Incoming, 'atOnce'>): Arrival {
  const model = isRecord(incoming.body) ? incoming.body['model'] : undefined;
  const header = (name: string): string | null => {
    const value = incoming.headers[name];
    return typeof value === 'string' ? value.slice(0, MAX_EXCERPT) : null;
  };
  return {
    request_id: incoming.requestId,
    endpoint,
    model: typeof model === 'string' ? model.slice(0, MAX_EXCERPT) : '(none)',
    at: incoming.at.toISOString(),
    key_hash: incoming.keyHash,
    headers: { traceparent: header('traceparent'), idempotency_key: header('idempotency-key') },
  };
}
