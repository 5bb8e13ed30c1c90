// The frame of the commands that are run by hand (benches, scorecard, chaos): a result on stdout, what is going on on stderr, the usage and
// exit code 2 for a wrong option, and an end by signal.
import { availableParallelism, cpus, loadavg, release } from 'node:os';

export interface Command<Options> {
  readonly usage: string;
  /** Throws TypeError for what it does not know. */
  readonly read: (args: readonly string[]) => Options;
  readonly run: (options: Options) => Promise<void>;
}

/** Says on stderr what is going on. */
export const report = (line: string): void => void process.stderr.write(`${line}\n`);

/** Runs with the options of this process; sets its exit code to 2 where they are wrong. Throws what `run` throws. */
export async function runCommand<Options>({ usage, read, run }: Command<Options>): Promise<void> {
  // Servers and services end with this process by themselves.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  let options: Options;
  try {
    options = read(process.argv.slice(2));
  } catch (error) {
    report(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exitCode = 2;
    return;
  }
  await run(options);
}

/** What figures depend on besides the code: the machine, and what the command itself says. */
export const conditionsOf = (...own: readonly string[]): string =>
  [
    `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    `${process.platform} ${release()}`,
    `Node ${process.versions.node}`,
    `load average at the start ${(loadavg()[0] ?? 0).toFixed(2)}`,
    ...own,
  ].join(', ');

/** The value of an option that is a number, within limits. */
export function numberIn(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new TypeError(`${option} must be a number from ${least} to ${most}`);
}

/** The same where it is counted. */
export function wholeNumberIn(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new TypeError(`${option} must be a whole number from ${least} to ${most}`);
}
