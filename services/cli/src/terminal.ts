// How the command line talks: on stderr, since stdout belongs to results. Colours only where a person looks on: not in a pipe, not
// with NO_COLOR.
import { styleText } from 'node:util';
import { RetryableError, StartupError, TerminalError } from '@troupe/shared';
import { UsageError } from './command.ts';

export const say = (line: string): void => void process.stderr.write(`${marked(line, process.stderr)}\n`);

/** A line of a result. */
export const print = (line: string): void => void process.stdout.write(`${marked(line, process.stdout)}\n`);

/** JSON for programs: one object, one line. */
export const printJson = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const COLOURS = { '✔': 'green', '✖': 'red', '!': 'yellow', '–': 'dim' } as const;

/** Colours the mark that a line begins with. */
function marked(line: string, stream: NodeJS.WriteStream): string {
  const mark = Object.keys(COLOURS).find((known) => line.startsWith(`${known} `)) as
    | keyof typeof COLOURS
    | undefined;
  return mark === undefined
    ? line
    : `${styleText(COLOURS[mark], mark, { stream })}${line.slice(mark.length)}`;
}

/** Text that models, pages and users wrote, on one line: what could steer a terminal is taken out. */
export const onOneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ');

/** The same, its lines and tabs kept. */
export const harmless = (text: string): string => text.replaceAll(/(?![\n\t])\p{Cc}/gu, '');

const LOOK = 'Try again; `troupe doctor` says what is missing.';

/** An error as a person needs it: what, why and what to do; the stack only for what nobody expected. */
export function tell(error: unknown): string {
  if (error instanceof UsageError) return `✖ ${error.message}\n  ${error.hint}`;
  if (error instanceof StartupError || error instanceof TerminalError)
    return `✖ ${error.failure.message}\n  ${error.failure.hint} (${error.failure.code})`;
  if (error instanceof RetryableError) return `✖ ${error.message}\n  ${LOOK} (${error.code})`;
  if (error instanceof Error && error.name === 'SetupError') return `✖ ${error.message}`;
  if (error instanceof Error && error.name === 'NatsError')
    return `✖ The server says: ${error.message}.\n  ${LOOK}`;
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
