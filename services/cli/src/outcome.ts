// What commands say of runs: the result on stdout, everything else on stderr, and the exit code that goes with it.
import type { WorkflowKey, WorkflowResult } from '@troupe/contracts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { harmless, onOneLine, printJson, say } from './terminal.ts';

/** For a person the answer, or why there is none; as JSON the whole result, however the run ended. */
export function showResult(result: WorkflowResult, asJson: boolean): number {
  if (asJson) printJson(result);
  else if (result.status === 'completed') process.stdout.write(`${harmless(result.answer ?? '')}\n`);
  else say(`✖ ${endOf(result)}`);
  return exitCodeOf(result.status);
}

/** How a run ended, in one line. */
export function endOf({ status, error, reason }: WorkflowResult): string {
  const why = error === undefined ? reason : `${error.message} ${error.hint} (${error.code})`;
  return onOneLine(why === undefined ? status : `${status}: ${why}`);
}

export function notFound({ user, workflow }: WorkflowKey): number {
  say(`✖ There is no run ${workflow} of user ${user}.\n  See \`troupe list --user ${user}\`.`);
  return EXIT.notFound;
}

/** The words that name a run to another command. */
export const named = ({ user, workflow }: WorkflowKey): string => `${workflow} --user ${user}`;
