// The command line of the bench.
import { parseArgs } from 'node:util';
import type { BenchOptions } from '../support/bench-options.ts';
import { benchOptions, benchOptionsIn, benchUsage } from '../support/bench-options.ts';

export const STAGES = ['overhead', 'five-steps', 'planners', 'reads'] as const;
export type Stage = (typeof STAGES)[number];

/** The planners of the stage `overhead` are profiled. */
export type Options = BenchOptions<Stage>;

export const USAGE = `${benchUsage('bench', 'STAGE')}\n  stages: ${STAGES.join(', ')}`;

/** Throws TypeError for what it does not know. */
export const readOptions = (args: readonly string[]): Options =>
  benchOptionsIn(parseArgs({ args: [...args], options: benchOptions }).values, 'stage', STAGES);
