// `npm run bench`: what the orchestration costs, measured on real processes. How, and what the figures mean: docs/bench.md.
// The result goes to stdout, what is going on to stderr.
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import type { Options, Stage } from './options.ts';
import { readOptions, USAGE } from './options.ts';
import { resultOf } from './result.ts';
import { measureFiveSteps } from './stages/five-steps.ts';
import { measureOverhead } from './stages/overhead.ts';
import { measurePlanners } from './stages/planners.ts';
import { measureReads } from './stages/reads.ts';
import { tableOf } from './table.ts';

const report = (line: string): void => void process.stderr.write(`${line}\n`);

async function run(options: Options): Promise<void> {
  const stage = async <T>(name: Stage, measured: () => Promise<T>): Promise<T | undefined> =>
    options.stages.includes(name) ? await measured() : undefined;
  const conditions = conditionsOf(options);
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

/** What the figures depend on besides the code. */
const conditionsOf = ({ rounds, seconds }: Options): string =>
  [
    `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    `${process.platform} ${release()}`,
    `Node ${process.versions.node}`,
    `load average at the start ${(loadavg()[0] ?? 0).toFixed(2)}`,
    `medians of ${rounds} repetitions of ${seconds} s`,
  ].join(', ');

function optionsOrUsage(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    report(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}

// Servers and services end with this process by themselves.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const options = optionsOrUsage();
if (options !== undefined) await run(options);
