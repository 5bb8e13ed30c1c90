// Rounds of repetitions, one per concurrency, interleaved so that what else the machine does falls on all of them alike.
import type { Repetition } from '../measure.ts';
import { countLog, measure, told } from '../measure.ts';
import { median } from '../statistics.ts';
import type { System } from '../system.ts';

export const CONCURRENCIES = [1, 16, 128] as const;
export type Concurrency = (typeof CONCURRENCIES)[number];

/** One figure per concurrency, keyed as the JSON line is. */
export type PerConcurrency<T> = Readonly<Record<`${Concurrency}`, T>>;

export interface Rounds {
  readonly workflowType: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly report: (line: string) => void;
}

export interface Measured {
  readonly repetitions: PerConcurrency<readonly Repetition[]>;
  /** Counted in the stream. */
  readonly messagesPerWorkflow: number;
  /** All that the stream was seen to have completed once each. */
  readonly workflows: number;
}

/**
 * What V8 needs to have compiled what is hot: the CPU per workflow falls by a quarter until then (docs/bench.md). A slow machine is not
 * waited for without end.
 */
const WARM_WORKFLOWS = 12_000;
const WARM_UPS_PER_ROUND = 4;

/** Warms up (dropped), then measures; `afterRound` may measure something else in between. */
export async function measureRounds(
  system: System,
  { workflowType, rounds, seconds, report }: Rounds,
  afterRound: () => Promise<void> = () => Promise.resolve(),
): Promise<Measured> {
  const repetitions: PerConcurrency<Repetition[]> = { '1': [], '16': [], '128': [] };
  const load = (concurrency: number, name: string) => ({ workflowType, concurrency, seconds, run: name });
  let workflows = 0;
  for (let i = 1; i <= WARM_UPS_PER_ROUND * rounds && workflows < WARM_WORKFLOWS; i += 1)
    workflows += (await measure(system, load(128, `warm-up-${i}`))).workflows;
  for (let round = 1; round <= rounds; round += 1) {
    for (const concurrency of CONCURRENCIES) {
      const repetition = await measure(system, load(concurrency, `r${round}-c${concurrency}`));
      workflows += repetition.workflows;
      repetitions[`${concurrency}`].push(repetition);
      report(`${workflowType}, ${concurrency} in flight, round ${round}: ${told(repetition)}`);
    }
    await afterRound();
  }
  return { repetitions, workflows, messagesPerWorkflow: await countLog(system, workflows) };
}

/** The median over the repetitions, per concurrency. */
export const medians = <T>(of: PerConcurrency<readonly T[]>, figure: (one: T) => number) => ({
  '1': median(of[1].map(figure)),
  '16': median(of[16].map(figure)),
  '128': median(of[128].map(figure)),
});
