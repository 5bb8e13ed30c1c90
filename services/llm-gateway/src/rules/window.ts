// What of a conversation is shown to a model whose context it exceeds: the oldest tool results give way to their beginnings and ends, as
// few of them as it takes. System, goal, the model's own words and the last turn stay as they are, and every call keeps its result. Pure.
import type { ModelMessage, ModelRequest } from '../generation.ts';

export interface Window {
  /** What the model takes, question and answer together. */
  readonly contextTokens: number;
  /** About how many tokens the question is. */
  readonly inputTokens: (request: ModelRequest) => number;
}

export interface Fitted {
  readonly request: ModelRequest;
  /** What the model is not shown; undefined: nothing. */
  readonly leftOut: { readonly tool_results: number; readonly characters: number } | undefined;
}

/** Of the context, kept free since the size is only estimated. */
const MARGIN = 0.05;
/** Messages at the end that stay whole, besides the last turn. */
const LAST = 4;
/** Characters of a result that stay. */
const BEGINNING = 200;
const END = 100;
/** A shorter result is not worth shortening. */
const WORTH_IT = 600;

/** The request as it is where it fits, else with shortened results; undefined: it does not fit however these are shortened. */
export function fit(request: ModelRequest, { contextTokens, inputTokens }: Window): Fitted | undefined {
  const room = contextTokens * (1 - MARGIN) - request.maxTokens;
  if (inputTokens(request) <= room) return { request, leftOut: undefined };

  const candidates = shortenable(request.messages);
  const shortened = (count: number): ModelRequest => {
    const chosen = new Set<ModelMessage>(candidates.slice(0, count));
    const messages = request.messages.map((message) => (chosen.has(message) ? short(message) : message));
    return { ...request, messages };
  };
  // The more are shortened the less is left, so that the least number is found by halving.
  let [from, to] = [1, candidates.length];
  if (to === 0 || inputTokens(shortened(to)) > room) return undefined;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (inputTokens(shortened(middle)) <= room) to = middle;
    else from = middle + 1;
  }
  const characters = candidates
    .slice(0, to)
    .reduce((sum, { text }) => sum + text.length - BEGINNING - END, 0);
  return { request: shortened(to), leftOut: { tool_results: to, characters } };
}

type ToolResult = Extract<ModelMessage, { role: 'tool' }>;

/** Oldest first. */
function shortenable(messages: readonly ModelMessage[]): ToolResult[] {
  const lastTurn = messages.findLastIndex(({ role }) => role === 'assistant');
  return messages
    .slice(0, Math.max(0, Math.min(messages.length - LAST, lastTurn)))
    .filter((message) => message.role === 'tool')
    .filter(({ text }) => text.length > WORTH_IT);
}

/** Half a character at a cut would be none at all for a provider. */
function short(message: ModelMessage): ModelMessage {
  if (message.role !== 'tool') return message;
  const { text } = message;
  const gone = text.length - BEGINNING - END;
  const beginning = text.slice(0, BEGINNING).toWellFormed();
  const end = text.slice(-END).toWellFormed();
  return {
    ...message,
    text: `[Shortened data: ${gone} of ${text.length} characters are left out in the middle.]\n${beginning}\n[…]\n${end}`,
  };
}
