// The options that all benches have.
import { resolve } from 'node:path';
import { numberIn, wholeNumberIn } from './command.ts';

export interface BenchOptions<Part extends string> {
  /** One line of JSON on stdout in place of the table. */
  readonly json: boolean;
  /** What is measured. */
  readonly parts: readonly Part[];
  /** Of one repetition. */
  readonly seconds: number;
  /** Repetitions of each figure; medians are reported. */
  readonly rounds: number;
  /** Where what is measured writes its CPU profile. */
  readonly profileDir: string | undefined;
}

/** For `parseArgs`. */
export const benchOptions = {
  json: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: [] as string[] },
  seconds: { type: 'string', default: '4' },
  rounds: { type: 'string', default: '3' },
  profile: { type: 'string' },
} as const;

export interface BenchValues {
  readonly json: boolean;
  readonly only: readonly string[];
  readonly seconds: string;
  readonly rounds: string;
  readonly profile?: string | undefined;
}

export const benchUsage = (command: string, part: string, own = ''): string =>
  `Usage: npm run ${command} -- [--json] [--only ${part}]...${own} [--seconds S] [--rounds N] [--profile FOLDER]`;

/** `part` is what one of `all` is called. Throws TypeError for what makes no sense. */
export function benchOptionsIn<Part extends string>(
  values: BenchValues,
  part: string,
  all: readonly Part[],
): BenchOptions<Part> {
  const known = (name: string): Part => {
    const found = all.find((one) => one === name);
    if (found === undefined) throw new TypeError(`--only: there is no ${part} "${name}"`);
    return found;
  };
  return {
    json: values.json,
    parts: values.only.length === 0 ? all : values.only.map(known),
    seconds: numberIn('--seconds', values.seconds, 0.1, 3_600),
    rounds: wholeNumberIn('--rounds', values.rounds, 1, 1_000),
    profileDir: values.profile === undefined ? undefined : resolve(values.profile),
  };
}

export const conditionOfRounds = ({ rounds, seconds }: BenchOptions<string>): string =>
  `medians of ${rounds} repetitions of ${seconds} s`;
