// Which text of a run is kept, and how much of it. Pure.
import { z } from 'zod';
import { TerminalError } from '@troupe/shared';

/** A snippet's limit in the contract. */
const MAX_LENGTH = 4_000;
/** A long goal must leave room for what came of it. */
const MAX_GOAL_LENGTH = 1_500;

/** What a completed run leaves. */
export const outcomeText = (goal: string, answer: string): string =>
  cut(`Goal: ${cut(goal, MAX_GOAL_LENGTH)}\nAnswer: ${answer}`, MAX_LENGTH);

const RememberOutput = z.object({ text: z.string().trim().min(1) });

/** What the tool `remember` was told, from its output. Throws TerminalError `remember_unreadable`. */
export function rememberedText(output: string): string {
  const parsed = RememberOutput.safeParse(jsonOf(output));
  if (parsed.success) return cut(parsed.data.text, MAX_LENGTH);
  throw new TerminalError({
    code: 'remember_unreadable',
    message: 'The output of the tool remember holds no text.',
    hint: 'tool-executor and memory must be of versions that fit together.',
  });
}

/** At most `length` UTF-16 units, said by an ellipsis where something is missing; half characters become U+FFFD. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text.toWellFormed();
  const end = length - 1;
  const splits = text.codePointAt(end - 1) !== text.charCodeAt(end - 1);
  return `${text.slice(0, splits ? end - 1 : end).toWellFormed()}…`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
