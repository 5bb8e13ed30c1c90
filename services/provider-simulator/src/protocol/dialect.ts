// What a provider's protocol has to supply so that one exchange serves them all: reading a request into the canonical
// form, and writing a turn as a JSON body or as an event stream. Also the pieces of request schemas that they share.
import { z } from 'zod';
import type { Endpoint, ModelRequest } from '../model/conversation.ts';
import type { ApiFault, Family } from './errors.ts';
import type { EventStream } from './sse.ts';
import type { Usage } from '../model/tokens.ts';
import type { Turn } from '../model/turn.ts';

/** All that an answer on the wire is made of. */
export interface Reply {
  /** Hex, the same for the same request body; ids of the answer's parts derive from it. */
  readonly id: string;
  readonly createdAt: Date;
  readonly request: ModelRequest;
  readonly turn: Turn;
  /** undefined: the provider keeps it to itself. */
  readonly usage: Usage | undefined;
  /** Characters per streamed delta. */
  readonly deltaLength: number;
}

export interface Dialect {
  readonly endpoint: Exclude<Endpoint, 'embeddings'>;
  readonly family: Family;
  /** Throws ApiError with the provider's own refusal of a body that it would not accept. */
  readonly parse: (body: unknown, headers: Readonly<Record<string, unknown>>) => ModelRequest;
  readonly body: (reply: Reply) => object;
  readonly stream: (reply: Reply) => EventStream;
  /** An error inside a stream that has already begun; `position` is the number of events before it. */
  readonly errorEvent: (fault: ApiFault, position: number, requestId: string) => string;
}

/** Providers refuse names outside this set, dots included. */
export const FunctionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must match ^[a-zA-Z0-9_-]{1,64}$');

export const Schema = z.record(z.string(), z.unknown());

/** A text, or parts of which those with text count; images and files are accepted and ignored. */
export const Content = z.union([
  z.string(),
  z.array(z.object({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() })),
]);

export function textOf(content: z.infer<typeof Content> | null | undefined): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? part.refusal ?? '').join('\n');
}

/** The schema of a free-form JSON answer (`json_object`). */
export const ANY_JSON_ANSWER = {
  type: 'object',
  properties: { answer: { type: 'string' } },
  required: ['answer'],
};
