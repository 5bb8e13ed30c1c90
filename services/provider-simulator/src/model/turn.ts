// What the simulated model says next, before any dialect gives it a wire form. Token limits are applied here, so that a
// cut answer is cut at the same place in every dialect.
import { CHARS_PER_TOKEN, countTokens } from './tokens.ts';

/** `arguments` is text, not an object: a script may make it malformed, and a token limit may cut it. */
export interface PlannedCall {
  readonly name: string;
  readonly arguments: string;
}

export type Turn =
  | { readonly kind: 'answer'; readonly text: string; readonly truncated: boolean }
  | { readonly kind: 'calls'; readonly calls: readonly PlannedCall[]; readonly truncated: boolean }
  | { readonly kind: 'refusal'; readonly text: string };

/** Everything that the model wrote, names of tools included: what its output tokens are counted by. */
export const textOf = (turn: Turn): string =>
  turn.kind === 'calls' ? turn.calls.map((call) => call.name + call.arguments).join('') : turn.text;

export const outputTokens = (turn: Turn): number => countTokens(textOf(turn));

/** The turn as a limit of `maxTokens` leaves it: text and arguments simply end, as a real model's do. */
export function truncate(turn: Turn, maxTokens: number): Turn {
  if (turn.kind === 'refusal' || outputTokens(turn) <= maxTokens) return turn;
  const budget = maxTokens * CHARS_PER_TOKEN;
  if (turn.kind === 'answer') return { kind: 'answer', text: turn.text.slice(0, budget), truncated: true };

  const calls: PlannedCall[] = [];
  let left = budget;
  for (const call of turn.calls) {
    left -= call.name.length;
    if (left <= 0) break;
    calls.push({ name: call.name, arguments: call.arguments.slice(0, left) });
    left -= call.arguments.length;
    if (left < 0) break;
  }
  return calls.length > 0
    ? { kind: 'calls', calls, truncated: true }
    : { kind: 'answer', text: '', truncated: true };
}
