// One call for a model's turn, up to the point where bytes are sent: read it, ask the script, let the plan or the script
// speak, and put the turn into the dialect's wire form. Does no I/O.
import { createHash } from 'node:crypto';
import { faultOf, type Incoming, jsonAnswer, type Prepared, type Workings } from './call.ts';
import { effectOf, type Words } from './faults/action.ts';
import { delayed, deliveryOf, type WireAnswer, type WordError } from './faults/delivery.ts';
import { usageOf } from './faults/reported-usage.ts';
import { spelledOut } from './faults/spelled-out.ts';
import { allText, lastUserText, type ModelRequest } from './model/conversation.ts';
import { plan } from './model/plan.ts';
import { inputTokens, type Usage } from './model/tokens.ts';
import { outputTokens, type Turn, textOf, truncate } from './model/turn.ts';
import type { Dialect, Reply } from './protocol/dialect.ts';
import { errorText } from './protocol/errors.ts';
import { failedEvent } from './protocol/responses-reply.ts';

/** What a truncated turn keeps: so much that a tool call's arguments have begun, so little that they are cut. */
const TRUNCATED_SHARE = 0.75;

/** Throws ApiError for a request that the provider would refuse. */
export function prepareTurn(dialect: Dialect, incoming: Incoming, workings: Workings): Prepared {
  const request = dialect.parse(incoming.body, incoming.headers);
  const { messages } = request.conversation;
  const asked = inputTokens(request.conversation);
  const action = workings.script.take({
    endpoint: dialect.endpoint,
    model: request.model,
    keyHash: incoming.keyHash,
    text: allText(messages),
    inputTokens: asked,
    atOnce: incoming.atOnce,
    has: (parameter) => parameter in Object(incoming.body),
  });
  const { delayMs, words, fault } = effectOf(action);
  const turn = turnOf(words, request);
  const reply: Reply = {
    id: createHash('sha256')
      .update(incoming.raw ?? '')
      .digest('hex')
      .slice(0, 24),
    createdAt: incoming.at,
    request,
    turn,
    usage: reported(words, { inputTokens: asked, outputTokens: outputTokens(turn) }),
    deltaLength: workings.deltaLength,
  };
  const delivery = deliveryOf(
    spelledOut(fault, dialect.family, request.stream),
    wireAnswer(dialect, reply),
    errorWords(dialect, reply, incoming.requestId),
  );
  return {
    delivery: delayed(delivery, delayMs),
    details: {
      stream: request.stream,
      goal: lastUserText(messages),
      scripted: action?.kind ?? null,
      prompt_tokens: asked,
    },
  };
}

function reported(words: Words | undefined, counted: Usage): Usage | undefined {
  if (words?.kind !== 'usage') return counted;
  return words.report === null ? undefined : usageOf(words.report);
}

function turnOf(words: Words | undefined, { conversation, maxOutputTokens = Infinity }: ModelRequest): Turn {
  switch (words?.kind) {
    case undefined:
    case 'usage':
      return truncate(plan(conversation), maxOutputTokens);
    case 'answer':
      return truncate({ kind: 'answer', text: words.text, truncated: false }, maxOutputTokens);
    case 'refusal':
      return { kind: 'refusal', text: words.text };
    case 'tool_calls': {
      const calls = words.calls.map(({ name, arguments: given }) => ({
        name,
        arguments: typeof given === 'string' ? given : JSON.stringify(given),
      }));
      return truncate({ kind: 'calls', calls, truncated: false }, maxOutputTokens);
    }
    case 'truncated': {
      const turn = plan(conversation);
      return truncate(turn, Math.min(Math.floor(outputTokens(turn) * TRUNCATED_SHARE), maxOutputTokens));
    }
  }
}

function wireAnswer(dialect: Dialect, reply: Reply): WireAnswer {
  return reply.request.stream
    ? { contentType: 'text/event-stream; charset=utf-8', ...dialect.stream(reply) }
    : jsonAnswer(dialect.body(reply), textOf(reply.turn).length, reply.usage);
}

function errorWords(dialect: Dialect, reply: Reply, requestId: string): WordError {
  return (scripted, position) => {
    const fault = faultOf(scripted);
    switch (scripted.kind) {
      case 'error':
        return errorText(dialect.family, fault, requestId);
      case 'error_event':
        return dialect.errorEvent(fault, position, requestId);
      case 'response_failed':
        return failedEvent(reply, fault, position);
    }
  };
}
