// `npm run bench`: what the orchestration costs, measured on real processes. How, and what the figures mean: docs/bench.md.
// The result goes to stdout, what is going on to stderr.
import { conditionOfRounds } from '../support/bench-options.ts';
import { conditionsOf, report, runCommand } from '../support/command.ts';
import type { Options, Stage } from './options.ts';
import { readOptions, USAGE } from './options.ts';
import { resultOf } from './result.ts';
import { measureFiveSteps } from './stages/five-steps.ts';
import { measureOverhead } from './stages/overhead.ts';
import { measurePlanners } from './stages/planners.ts';
import { measureReads } from './stages/reads.ts';
import { tableOf } from './table.ts';

async function run(options: Options): Promise<void> {
  const stage = async <T>(name: Stage, measured: () => Promise<T>): Promise<T | undefined> =>
    options.parts.includes(name) ? await measured() : undefined;
  const conditions = conditionsOf(conditionOfRounds(options));
  report(conditions);
  const figures = {
    overhead: await stage('overhead', () => measureOverhead(options, report)),
    fiveSteps: await stage('five-steps', () => measureFiveSteps(options, report)),
    planners: await stage('planners', () => measurePlanners(options, report)),
    // Last: it fills a disk.
    reads: await stage('reads', () => measureReads(1_000_000, report)),
  };
  process.stdout.write(
    options.json ? `${JSON.stringify(resultOf(figures))}\n` : `${conditions}\n\n${tableOf(figures)}`,
  );
}

await runCommand({ usage: USAGE, read: readOptions, run });
