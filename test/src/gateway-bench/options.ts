// The command line of the gateway's bench.
import { parseArgs } from 'node:util';
import type { BenchOptions } from '../support/bench-options.ts';
import { benchOptions, benchOptionsIn, benchUsage } from '../support/bench-options.ts';
import type { Contender } from './paths.ts';
import { CONTENDERS } from './paths.ts';

/** Our gateway is profiled. */
export type Options = BenchOptions<Contender>;

export const USAGE = `${benchUsage('bench:gateway', 'GATEWAY')}\n  gateways: ${CONTENDERS.join(', ')}`;

/** Throws TypeError for what it does not know. */
export const readOptions = (args: readonly string[]): Options =>
  benchOptionsIn(parseArgs({ args: [...args], options: benchOptions }).values, 'gateway', CONTENDERS);
