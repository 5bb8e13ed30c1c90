// What a script may make the simulator do instead of answering by plan: choose the model's words, break the delivery of
// an answer that is otherwise planned as usual, or wait before either.
import { z } from 'zod';
import type { Endpoint } from '../model/conversation.ts';
import { KnownError } from '../protocol/known-errors.ts';
import { ReportedUsage } from './reported-usage.ts';

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
  z
    .strictObject({ kind: z.literal('usage'), report: ReportedUsage.nullable() })
    .describe('the planned turn, told with another usage; null: with none'),
]);
export type Words = z.infer<typeof Words>;

const Fault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('error'),
    status: z.number().int().min(400).max(599),
    headers: z.record(z.string(), z.string()).optional(),
    param: z.string().optional().describe('the parameter at fault, as OpenAI names it'),
    ...wording,
  }),
  z
    .strictObject({
      kind: z.literal('known_error'),
      error: KnownError,
      headers: z.record(z.string(), z.string()).optional(),
    })
    .describe('an error as the provider in question words it'),
  z
    .strictObject({ kind: z.literal('hang'), ms: Milliseconds.optional() })
    .describe('no answer; ms: then hang up'),
  z.strictObject({ kind: z.literal('reset') }).describe('TCP reset before the headers'),
  z.strictObject({ kind: z.literal('html') }).describe('200 text/html, as a proxy in between would answer'),
  z.strictObject({ kind: z.literal('cut'), afterEvents }).describe('the connection closes in the middle'),
  z.strictObject({ kind: z.literal('stall'), afterEvents, ms: Milliseconds }),
  z
    .strictObject({ kind: z.literal('trickle'), afterEvents, ms: Milliseconds, cut: z.boolean().optional() })
    .describe(
      'from there on every event comes that much after the one before it; cut: but the last one never',
    ),
  z.strictObject({ kind: z.literal('malformed_event'), afterEvents }),
  z
    .strictObject({ kind: z.literal('silent_end'), afterEvents })
    .describe('the answer ends there as if it were whole'),
  z
    .strictObject({ kind: z.literal('no_terminal') })
    .describe('the stream ends well, but without saying that it is whole'),
  z
    .strictObject({ kind: z.literal('no_last_event') })
    .describe('only the very last event is missing: [DONE], message_stop, response.completed'),
  z
    .strictObject({ kind: z.literal('error_event'), afterEvents, ...wording })
    .describe('the stream ends with an error'),
  z
    .strictObject({ kind: z.literal('response_failed'), afterEvents, ...wording })
    .describe('the stream ends with the event response.failed'),
]);
export type Fault = z.infer<typeof Fault>;

const Vectors = z
  .strictObject({
    kind: z.literal('vectors'),
    dimensions: z.number().int().min(1).max(3_072).optional().describe('other than was asked for'),
    reversed: z.boolean().optional().describe('the last one first; each says which text it is of'),
  })
  .describe('embeddings as nobody expects them');
export type Vectors = z.infer<typeof Vectors>;

const Latency = z.strictObject({
  kind: z.literal('latency'),
  ms: Milliseconds,
  then: z.discriminatedUnion('kind', [Words, Fault, Vectors]).optional(),
});

export const Action = z.discriminatedUnion('kind', [Words, Fault, Vectors, Latency]);
export type Action = z.infer<typeof Action>;

/** An action taken apart. At most one of `words`, `fault` and `vectors` is there. */
export interface Effect {
  readonly delayMs: number;
  readonly words?: Words;
  readonly fault?: Fault;
  readonly vectors?: Vectors;
}

export function effectOf(action: Action | undefined): Effect {
  const immediate = action?.kind === 'latency' ? action.then : action;
  const delayMs = action?.kind === 'latency' ? action.ms : 0;
  if (immediate === undefined) return { delayMs };
  switch (immediate.kind) {
    case 'answer':
    case 'tool_calls':
    case 'truncated':
    case 'refusal':
    case 'usage':
      return { delayMs, words: immediate };
    case 'vectors':
      return { delayMs, vectors: immediate };
    default:
      return { delayMs, fault: immediate };
  }
}

/** Embeddings have no words to choose and no events of their own; only they have vectors, and only Responses a failed response. */
export function appliesTo(action: Action, endpoint: Endpoint): boolean {
  const { words, fault, vectors } = effectOf(action);
  if (fault?.kind === 'response_failed') return endpoint === 'responses';
  return endpoint === 'embeddings'
    ? words === undefined && fault?.kind !== 'error_event'
    : vectors === undefined;
}
