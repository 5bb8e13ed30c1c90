// The command line of the bench of memory.
import { parseArgs } from 'node:util';
import type { BenchOptions } from '../support/bench-options.ts';
import { benchOptions, benchOptionsIn, benchUsage } from '../support/bench-options.ts';
import { wholeNumberIn } from '../support/command.ts';

export const STAGES = ['one-user', 'hundred-users', 'thousand-users'] as const;
export type Stage = (typeof STAGES)[number];

/** The memory service is profiled. */
export interface Options extends BenchOptions<Stage> {
  /** How many records are searched among: rising, for each is filled up to the next. */
  readonly sizes: readonly number[];
}

export const USAGE = `${benchUsage('bench:memory', 'STAGE', ' [--records N,N]')}\n  stages: ${STAGES.join(', ')}`;

const OWN = { records: { type: 'string', default: '1000,10000,100000' } } as const;
const MOST_RECORDS = 1_000_000;

/** Throws TypeError for what it does not know. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options: { ...benchOptions, ...OWN } });
  const sizes = values.records.split(',').map((size) => wholeNumberIn('--records', size, 100, MOST_RECORDS));
  return { ...benchOptionsIn(values, 'stage', STAGES), sizes: [...new Set(sizes)].sort((a, b) => a - b) };
}
