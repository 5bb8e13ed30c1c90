// The command line of the bench.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const STAGES = ['overhead', 'five-steps', 'planners', 'reads'] as const;
export type Stage = (typeof STAGES)[number];

export interface Options {
  /** One line of JSON on stdout in place of the table. */
  readonly json: boolean;
  readonly stages: readonly Stage[];
  /** Of one repetition. */
  readonly seconds: number;
  /** Repetitions of each figure; medians are reported. */
  readonly rounds: number;
  /** Where the planners of the stage `overhead` write CPU profiles. */
  readonly profileDir: string | undefined;
}

export const USAGE = `Usage: npm run bench -- [--json] [--only STAGE]... [--seconds S] [--rounds N] [--profile FOLDER]
  stages: ${STAGES.join(', ')}`;

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
    stages: values.only.length === 0 ? STAGES : values.only.map(stageOf),
    seconds: positive('--seconds', values.seconds),
    rounds: Math.ceil(positive('--rounds', values.rounds)),
    profileDir: values.profile === undefined ? undefined : resolve(values.profile),
  };
}

function stageOf(name: string): Stage {
  const stage = STAGES.find((known) => known === name);
  if (stage === undefined) throw new TypeError(`--only: there is no stage "${name}"`);
  return stage;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3_600)) throw new TypeError(`${option} must be a number above 0, at most 3600`);
  return value;
}
