// How an answer leaves the process, as data: a list of steps. A fault is nothing but another list, so every fault can be
// read and tested here without a socket; perform() in ../perform.ts carries the steps out.
import { type Piece, piece } from '../protocol/sse.ts';
import type { ErrorFault, PlainFault } from './spelled-out.ts';

export type Step =
  /** null: for as long as the client stays. */
  | { readonly kind: 'wait'; readonly ms: number | null }
  | { readonly kind: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | ({ readonly kind: 'write' | 'end' } & Piece)
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
  readonly events: readonly Piece[];
  /** The pieces without which the client cannot know that the answer is whole. */
  readonly ending: readonly Piece[];
}

/** The dialect's words for an error: a body, or the event at `position` of a stream. */
export type WordError = (fault: ErrorFault, position: number) => string;

const MALFORMED = piece('event: malformed\ndata: {"provider-simulator": "malf\n\n');
const HTML = piece('<html><body>[provider-simulator] This is not the API.</body></html>\n');

/** The delivery of `answer` under `fault`; whole and at once without one. */
export function deliveryOf(
  fault: PlainFault | undefined,
  answer: WireAnswer,
  wordError: WordError,
): Delivery {
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
    case 'no_last_event':
      return failed(answer.contentType, [end(piecesOf(answer).slice(0, -1))]);
  }
}

type Interruption = Extract<PlainFault, { afterEvents: number }>;

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
    case 'trickle':
      return fault.cut === true
        ? failed(contentType, [write(before), ...oneByOne(rest, fault.ms).slice(0, -1), { kind: 'hang_up' }])
        : completed(contentType, [write(before), ...oneByOne(rest, fault.ms)]);
    case 'malformed_event':
      return failed(contentType, [end([...before, MALFORMED, ...rest])]);
    case 'silent_end':
      return failed(contentType, [end(before)]);
    case 'error_event':
    case 'response_failed':
      return failed(contentType, [end([...before, piece(wordError(fault, at))])]);
  }
}

/** A refusal: a status and one JSON body. */
export function errorDelivery(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Delivery {
  const head: Step = { kind: 'head', status, headers: { ...headers, 'content-type': 'application/json' } };
  return { steps: [head, end([piece(body)])], outcome: 'failed', status };
}

/** The same delivery, `ms` later. */
export function delayed(delivery: Delivery, ms: number): Delivery {
  return ms === 0 ? delivery : { ...delivery, steps: [wait(ms), ...delivery.steps] };
}

const piecesOf = ({ events, ending }: WireAnswer): Piece[] => [...events, ...ending];

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
const write = (pieces: readonly Piece[]): Step => ({ kind: 'write', ...joined(pieces) });
const end = (pieces: readonly Piece[]): Step => ({ kind: 'end', ...joined(pieces) });

const oneByOne = (pieces: readonly Piece[], ms: number): Step[] =>
  pieces.flatMap((last, i) => [wait(ms), i === pieces.length - 1 ? end([last]) : write([last])]);

const joined = (pieces: readonly Piece[]): Piece => ({
  text: pieces.map(({ text }) => text).join(''),
  says: pieces.reduce((sum, { says }) => sum + says, 0),
  tells: pieces.findLast(({ tells }) => tells !== undefined)?.tells,
});
