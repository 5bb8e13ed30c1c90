// How the command line talks: on stderr, since stdout belongs to results.
import { StartupError } from '@troupe/shared';

export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** An error as a person needs it: what, why and what to do; the stack only for what nobody expected. */
export function tell(error: unknown): string {
  if (error instanceof StartupError)
    return `✖ ${error.failure.message}\n  ${error.failure.hint} (${error.failure.code})`;
  if (error instanceof Error && error.name === 'SetupError') return `✖ ${error.message}`;
  return `✖ ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** Aborts on the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. */
export function interruption(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(130));
      controller.abort(new Error(signal));
    });
  }
  return controller;
}
