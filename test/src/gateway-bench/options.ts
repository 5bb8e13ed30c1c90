// The command line of the gateway's bench.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Contender } from './paths.ts';
import { CONTENDERS } from './paths.ts';

export interface Options {
  /** One line of JSON on stdout in place of the table. */
  readonly json: boolean;
  readonly contenders: readonly Contender[];
  /** Of one repetition. */
  readonly seconds: number;
  /** Repetitions of each figure; medians are reported. */
  readonly rounds: number;
  /** Where our gateway writes its CPU profile. */
  readonly profileDir: string | undefined;
}

export const USAGE = `Usage: npm run bench:gateway -- [--json] [--only GATEWAY]... [--seconds S] [--rounds N] [--profile FOLDER]
  gateways: ${CONTENDERS.join(', ')}`;

/** Throws TypeError for what it does not know. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '3' },
      profile: { type: 'string' },
    },
  });
  return {
    json: values.json,
    contenders: values.only.length === 0 ? CONTENDERS : values.only.map(contenderOf),
    seconds: positive('--seconds', values.seconds),
    rounds: Math.ceil(positive('--rounds', values.rounds)),
    profileDir: values.profile === undefined ? undefined : resolve(values.profile),
  };
}

function contenderOf(name: string): Contender {
  const contender = CONTENDERS.find((known) => known === name);
  if (contender === undefined) throw new TypeError(`--only: there is no gateway "${name}"`);
  return contender;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3_600)) throw new TypeError(`${option} must be a number above 0, at most 3600`);
  return value;
}
