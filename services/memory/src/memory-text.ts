// Which texts of a run are kept. Pure.
import { z } from 'zod';
import { TerminalError } from '@troupe/shared';
import { passages } from './passages.ts';

/** A snippet's limit in the contract. */
const MAX_LENGTH = 4_000;
/** A long goal must leave room for what came of it, the more where it stands with each passage of a long answer. */
const MAX_GOAL_LENGTH = 1_500;
const MAX_GOAL_WITH_PASSAGE = 300;

/** Characters. The vector of more says too little of each part. */
const PASSAGE = { most: 600, overlap: 150 };
/** Of one answer, in characters: what is behind them is read in the run itself. */
const MAX_ANSWER_LENGTH = 24_000;

/** What a completed run leaves: its goal with its answer, with each passage of it where that is long. */
export function outcomeTexts(goal: string, answer: string): string[] {
  const parts = passages(cut(answer, MAX_ANSWER_LENGTH), PASSAGE);
  const goalLength = parts.length === 1 ? MAX_GOAL_LENGTH : MAX_GOAL_WITH_PASSAGE;
  return parts.map((part) => outcomeText(cut(goal, goalLength), part.trim()));
}

const outcomeText = (goal: string, answer: string): string =>
  cut(`Goal: ${goal}\nAnswer: ${answer}`, MAX_LENGTH);

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
