// The HTTP server: which path goes where. Listens on the loopback interface unless told otherwise, and names itself in a header of
// every answer.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authenticate } from './auth.ts';
import { addRules, readRecord } from './control.ts';
import { type Exchange, serve } from './exchange.ts';
import { createScript } from './faults/script.ts';
import { sendJson } from './http.ts';
import { createLedger } from './ledger.ts';
import type { Endpoint } from './model/conversation.ts';
import { ApiError, errorText, type Family } from './protocol/errors.ts';
import { DEFAULT_DELTA_LENGTH } from './protocol/sse.ts';
import { anthropicModels, openaiModels } from './protocol/models.ts';

export interface SimulatorOptions {
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Waited before every answer; 0 by default. */
  readonly latencyMs?: number;
  /** Characters per streamed delta. */
  readonly deltaLength?: number;
  readonly now?: () => Date;
  /** Told of what should not happen; the call in question is answered 500. */
  readonly onError?: (error: unknown) => void;
}

export interface Simulator extends AsyncDisposable {
  /** `http://<host>:<port>`, without `/v1`. */
  readonly url: string;
}

/** Longer than clients keep an idle connection, so that none is closed under a request that is just being sent. */
const KEEP_ALIVE_MS = 65_000;

/** Resolves when the server accepts calls. Disposing it breaks off the calls in work. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { now = () => new Date() } = options;
  let requests = 0;
  const exchange: Exchange = {
    script: createScript(),
    ledger: createLedger(now),
    latencyMs: options.latencyMs ?? 0,
    deltaLength: options.deltaLength ?? DEFAULT_DELTA_LENGTH,
    now,
    nextRequestId: () => `req_simulator_${(requests += 1)}`,
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    response.setHeader('x-troupe-simulator', 'provider-simulator');
    route(request, response, exchange).catch((error: unknown) => {
      if (response.destroyed) return;
      options.onError?.(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: { message: '[provider-simulator] Internal error.' } });
    });
  });
  const host = options.host ?? '127.0.0.1';
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'POST /v1/responses': 'responses',
  'POST /v1/chat/completions': 'chat',
  'POST /v1/messages': 'messages',
  'POST /v1/embeddings': 'embeddings',
};

async function route(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const target = `${request.method ?? ''} ${url.pathname}`;
  const endpoint = ENDPOINTS[target];
  if (endpoint !== undefined) {
    await serve(endpoint, request, response, exchange);
    return;
  }
  switch (target) {
    case 'GET /v1/models':
      listModels(request, response);
      return;
    case 'POST /simulator/script':
      await addRules(request, response, exchange.script);
      return;
    case 'DELETE /simulator/script':
      exchange.script.clear();
      response.writeHead(204).end();
      return;
    case 'GET /simulator/record':
      readRecord(url, response, exchange.ledger);
      return;
    case 'DELETE /simulator/record':
      exchange.ledger.reset();
      response.writeHead(204).end();
      return;
    default:
      sendJson(response, 404, {
        error: { message: `[provider-simulator] Unknown request: ${target}`, type: 'invalid_request_error' },
      });
  }
}

function listModels(request: IncomingMessage, response: ServerResponse): void {
  const family: Family = 'anthropic-version' in request.headers ? 'anthropic' : 'openai';
  try {
    authenticate(family, request.headers);
    sendJson(response, 200, family === 'anthropic' ? anthropicModels() : openaiModels());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    response.writeHead(error.fault.status, { 'content-type': 'application/json' });
    response.end(errorText(family, error.fault, 'req_simulator_models'));
  }
}
