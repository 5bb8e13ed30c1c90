// The command line of the scorecard.
import { parseArgs } from 'node:util';
import { numberIn, wholeNumberIn } from '../support/command.ts';

export interface Options {
  /** One line of JSON on stdout in place of the table. */
  readonly json: boolean;
  /** Ids of scenarios; empty: all. */
  readonly only: readonly string[];
  /** Of all time constants. */
  readonly scale: number;
  /** Scenarios at once. */
  readonly lanes: number;
}

export const USAGE = 'Usage: npm run scorecard -- [--json] [--only S06,G29] [--scale 0.2] [--lanes 4]';

/** Throws TypeError for what it does not know. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      scale: { type: 'string', default: '1' },
      lanes: { type: 'string', default: '4' },
    },
  });
  return {
    json: values.json,
    only: values.only.split(',').filter((id) => id !== ''),
    scale: numberIn('--scale', values.scale, 0.01, 1),
    lanes: wholeNumberIn('--lanes', values.lanes, 1, 64),
  };
}
