// What is told of a wrong answer to the model that gave it, bounded: it costs tokens, and values come from the model itself.
import type { Violation } from './validators.ts';

/** Empty: nothing is wrong. Each is one line for the model to read: where, and what was expected. */
export type Problems = readonly string[];

const MAX_PROBLEMS = 20;
const MAX_CHARACTERS = 4_000;
const MAX_LINE = 400;
const MAX_VALUE = 80;

/** `value` as data: quoted, and short. */
export function quoted(value: string): string {
  const text = JSON.stringify(value);
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE)}…`;
}

export const asLine = (subject: string, { pointer, expected }: Violation): string =>
  `${subject}, at ${pointer}: ${expected}`;

/** As many of the lines as there is room for, the first ones. */
export function bounded(lines: readonly string[]): Problems {
  const kept: string[] = [];
  let characters = 0;
  for (const line of lines.slice(0, MAX_PROBLEMS)) {
    const short = line.length <= MAX_LINE ? line : `${line.slice(0, MAX_LINE)}…`;
    characters += short.length;
    if (characters > MAX_CHARACTERS) break;
    kept.push(short);
  }
  return kept;
}
