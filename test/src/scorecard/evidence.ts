// What was seen, in words and as facts: of an outcome, of the calls that a provider took.
import type { SimulatedCall } from '../../../services/llm-gateway/src/test-support/simulator.ts';
import type { Outcome } from './caller.ts';
import type { Evidence } from './scenario.ts';
import type { Side, World } from './world.ts';

/** About 45 tokens of answer. The simulator repeats it behind its mark. */
export const GOAL =
  'tell me in some detail how the tide comes in over the long flat sands, which birds follow it, and when the last of the boats returns';

export const wholeAnswerTo = (goal: string): string => `[provider-simulator] Asked: ${goal}`;

export const isWhole = (outcome: Outcome | undefined, goal = GOAL): boolean =>
  outcome?.type === 'llm.completed' &&
  outcome.data.finish === 'stop' &&
  outcome.data.turn.text === wholeAnswerTo(goal);

export const codeOf = (outcome: Outcome | undefined): string | undefined =>
  outcome?.type === 'llm.failed' ? outcome.data.error.code : undefined;

export function wordsFor(outcome: Outcome | undefined, goal = GOAL): string {
  if (outcome === undefined) return 'nothing (hangs)';
  const { attempts } = outcome.data;
  if (outcome.type === 'llm.failed') return `${outcome.data.error.code} after ${attempts} calls`;
  const { provider, finish } = outcome.data;
  const what = isWhole(outcome, goal) ? 'the whole answer' : `an answer (${finish})`;
  return `${what} of ${provider} after ${attempts} calls`;
}

/** For where an answer is due: whose does not matter unless `by` says so. */
export function servedWhole(outcome: Outcome | undefined, by?: Side, goal = GOAL): Evidence['served'] {
  if (outcome?.type === 'llm.failed') return 'clean_error';
  if (!isWhole(outcome, goal)) return 'wrong';
  return by === undefined || outcome?.data.provider === by.provider ? 'as_due' : 'wrong';
}

export async function callsSeen({ primary, fallback }: World): Promise<{
  readonly first: readonly SimulatedCall[];
  readonly second: readonly SimulatedCall[];
  readonly words: string;
}> {
  const [first, second] = await Promise.all([primary.calls(), fallback.calls()]);
  return { first, second, words: `primary ${first.length}, fallback ${second.length}` };
}

/** Milliseconds from the end of each call to the beginning of the next one. */
export const pauses = (calls: readonly SimulatedCall[]): number[] =>
  calls.slice(1).map((call, i) => Date.parse(call.at) - Date.parse(calls[i]?.ended_at ?? call.at));

/** Clocks of two processes on one machine, and their roundings. */
const TOLERANCE_MS = 5;

export const eachAtLeast = (given: readonly number[], wanted: readonly number[]): boolean =>
  wanted.every((least, i) => (given[i] ?? Infinity) >= least - TOLERANCE_MS);
