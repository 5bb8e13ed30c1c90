// The command line of the gateway's chaos run.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { wholeNumberIn } from '../support/command.ts';

export interface Options {
  readonly calls: number;
  readonly seed: number;
  /** One line of JSON on stdout in place of the text. */
  readonly json: boolean;
  /** Where the result is kept, too. */
  readonly evidence: string | undefined;
}

export const USAGE =
  'Usage: node test/src/gateway-chaos/main.ts [--calls N] [--seed N] [--json] [--evidence FILE]';

/** More than this the simulator's record does not hold with all their attempts. */
const MAX_CALLS = 10_000;

/** Throws TypeError for what it does not know. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      calls: { type: 'string', default: String(MAX_CALLS) },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      evidence: { type: 'string' },
    },
  });
  return {
    calls: wholeNumberIn('--calls', values.calls, 1, MAX_CALLS),
    seed: wholeNumberIn('--seed', values.seed, 1, Number.MAX_SAFE_INTEGER),
    json: values.json,
    evidence: values.evidence === undefined ? undefined : resolve(values.evidence),
  };
}
