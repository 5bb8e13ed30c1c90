// What a script may make the simulator do instead of answering by plan: choose the model's words, break the delivery of
// an answer that is otherwise planned as usual, or wait before either.
import { z } from 'zod';
import type { Endpoint } from '../model/conversation.ts';

const Milliseconds = z.number().int().min(0).max(600_000);
/** Events sent before the fault. The fault always comes before the last event, whatever the number. */
const afterEvents = z.number().int().min(0);
/** An error's own type, code and message, in place of the provider's usual ones for its status. */
const wording = {
  type: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
};

const Call = z.strictObject({
  name: z.string(),
  arguments: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .describe('an object, or raw text that may be malformed JSON'),
});

const Words = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('answer'), text: z.string() }),
  z.strictObject({ kind: z.literal('tool_calls'), calls: z.array(Call).min(1).max(32) }),
  z
    .strictObject({ kind: z.literal('truncated') })
    .describe('the planned turn, cut at three quarters as by a token limit'),
  z.strictObject({ kind: z.literal('refusal'), text: z.string() }),
]);
export type Words = z.infer<typeof Words>;

const Fault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('error'),
    status: z.number().int().min(400).max(599),
    headers: z.record(z.string(), z.string()).optional(),
    ...wording,
  }),
  z
    .strictObject({ kind: z.literal('hang'), ms: Milliseconds.optional() })
    .describe('no answer; ms: then hang up'),
  z.strictObject({ kind: z.literal('reset') }).describe('TCP reset before the headers'),
  z.strictObject({ kind: z.literal('html') }).describe('200 text/html, as a proxy in between would answer'),
  z.strictObject({ kind: z.literal('cut'), afterEvents }).describe('the connection closes in the middle'),
  z.strictObject({ kind: z.literal('stall'), afterEvents, ms: Milliseconds }),
  z.strictObject({ kind: z.literal('malformed_event'), afterEvents }),
  z
    .strictObject({ kind: z.literal('no_terminal') })
    .describe('the stream ends well, but without saying that it is whole'),
  z
    .strictObject({ kind: z.literal('error_event'), afterEvents, ...wording })
    .describe('the stream ends with an error'),
  z
    .strictObject({ kind: z.literal('response_failed'), afterEvents, ...wording })
    .describe('the stream ends with the event response.failed'),
]);
export type Fault = z.infer<typeof Fault>;

const Latency = z.strictObject({
  kind: z.literal('latency'),
  ms: Milliseconds,
  then: z.discriminatedUnion('kind', [Words, Fault]).optional(),
});

export const Action = z.discriminatedUnion('kind', [Words, Fault, Latency]);
export type Action = z.infer<typeof Action>;

/** An action taken apart. At most one of `words` and `fault` is there. */
export interface Effect {
  readonly delayMs: number;
  readonly words: Words | undefined;
  readonly fault: Fault | undefined;
}

export function effectOf(action: Action | undefined): Effect {
  const immediate = action?.kind === 'latency' ? action.then : action;
  const delayMs = action?.kind === 'latency' ? action.ms : 0;
  switch (immediate?.kind) {
    case undefined:
      return { delayMs, words: undefined, fault: undefined };
    case 'answer':
    case 'tool_calls':
    case 'truncated':
    case 'refusal':
      return { delayMs, words: immediate, fault: undefined };
    default:
      return { delayMs, words: undefined, fault: immediate };
  }
}

/** Embeddings have no words to choose and no events of their own; only Responses have a failed response. */
export function appliesTo(action: Action, endpoint: Endpoint): boolean {
  const { words, fault } = effectOf(action);
  if (fault?.kind === 'response_failed') return endpoint === 'responses';
  return endpoint !== 'embeddings' || (words === undefined && fault?.kind !== 'error_event');
}

/** Without a stream there is no event to break it with: the same fault is then an HTTP error. */
export function withoutStream(fault: Fault): Fault {
  if (fault.kind !== 'error_event' && fault.kind !== 'response_failed') return fault;
  const { type, code, message } = fault;
  return { kind: 'error', status: 500, type, code, message };
}
