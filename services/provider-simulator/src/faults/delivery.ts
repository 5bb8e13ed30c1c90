// How an answer leaves the process, as data: a list of steps. A fault is nothing but another list, so every fault can be
// read and tested here without a socket; perform() in ../perform.ts carries the steps out.
import type { Fault } from './action.ts';

export type Step =
  /** null: for as long as the client stays. */
  | { readonly kind: 'wait'; readonly ms: number | null }
  | { readonly kind: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'write'; readonly text: string }
  | { readonly kind: 'end'; readonly text: string }
  /** Closes the connection with the answer unfinished. */
  | { readonly kind: 'hang_up' }
  | { readonly kind: 'reset' };

export interface Delivery {
  readonly steps: readonly Step[];
  /** completed: the client gets the whole, undamaged answer. */
  readonly outcome: 'completed' | 'failed';
  /** null where no status line is sent. */
  readonly status: number | null;
}

/** A finished answer in pieces: SSE events, or the two halves of a JSON body. */
export interface WireAnswer {
  readonly contentType: string;
  readonly events: readonly string[];
  /** The pieces without which the client cannot know that the answer is whole. */
  readonly ending: readonly string[];
}

export type ErrorFault = Extract<Fault, { kind: 'error' | 'error_event' | 'response_failed' }>;

/** The dialect's words for an error: a body, or the event at `position` of a stream. */
export type WordError = (fault: ErrorFault, position: number) => string;

const MALFORMED = 'event: malformed\ndata: {"provider-simulator": "malf\n\n';
const HTML = '<html><body>[provider-simulator] This is not the API.</body></html>\n';

/** The delivery of `answer` under `fault`; whole and at once without one. */
export function deliveryOf(fault: Fault | undefined, answer: WireAnswer, wordError: WordError): Delivery {
  if (fault === undefined) return completed(answer.contentType, [end(piecesOf(answer))]);
  if ('afterEvents' in fault) return interrupted(fault, answer, wordError);
  switch (fault.kind) {
    case 'error':
      return errorDelivery(fault.status, wordError(fault, 0), fault.headers);
    case 'hang':
      return { steps: [wait(fault.ms ?? null), { kind: 'hang_up' }], outcome: 'failed', status: null };
    case 'reset':
      return { steps: [{ kind: 'reset' }], outcome: 'failed', status: null };
    case 'html':
      return failed('text/html', [end([HTML])]);
    case 'no_terminal':
      return failed(answer.contentType, [end(answer.events)]);
  }
}

type Interruption = Extract<Fault, { afterEvents: number }>;

/** Something happens between two pieces, always before the last one. */
function interrupted(fault: Interruption, answer: WireAnswer, wordError: WordError): Delivery {
  const { contentType } = answer;
  const pieces = piecesOf(answer);
  const at = Math.min(fault.afterEvents, pieces.length - 1);
  const [before, rest] = [pieces.slice(0, at), pieces.slice(at)];
  switch (fault.kind) {
    case 'cut':
      return failed(contentType, [write(before), { kind: 'hang_up' }]);
    case 'stall':
      return completed(contentType, [write(before), wait(fault.ms), end(rest)]);
    case 'malformed_event':
      return failed(contentType, [end([...before, MALFORMED, ...rest])]);
    case 'error_event':
    case 'response_failed':
      return failed(contentType, [end([...before, wordError(fault, at)])]);
  }
}

/** A refusal: a status and one JSON body. */
export function errorDelivery(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Delivery {
  const head: Step = { kind: 'head', status, headers: { ...headers, 'content-type': 'application/json' } };
  return { steps: [head, end([body])], outcome: 'failed', status };
}

/** The same delivery, `ms` later. */
export function delayed(delivery: Delivery, ms: number): Delivery {
  return ms === 0 ? delivery : { ...delivery, steps: [wait(ms), ...delivery.steps] };
}

const piecesOf = ({ events, ending }: WireAnswer): string[] => [...events, ...ending];

const completed = (contentType: string, steps: readonly Step[]): Delivery => ({
  steps: [ok(contentType), ...steps],
  outcome: 'completed',
  status: 200,
});

const failed = (contentType: string, steps: readonly Step[]): Delivery => ({
  ...completed(contentType, steps),
  outcome: 'failed',
});

const ok = (contentType: string): Step => ({
  kind: 'head',
  status: 200,
  headers: { 'content-type': contentType },
});
const wait = (ms: number | null): Step => ({ kind: 'wait', ms });
const write = (texts: readonly string[]): Step => ({ kind: 'write', text: texts.join('') });
const end = (texts: readonly string[]): Step => ({ kind: 'end', text: texts.join('') });
