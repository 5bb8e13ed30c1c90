// The measured figures as a table for people: medians, and in parentheses the least and the most of the repetitions.
import { aligned } from '../support/aligned.ts';
import type { Repetition } from './measure.ts';
import { totalCpu } from './measure.ts';
import type { Figures } from './result.ts';
import type { Measured } from './stages/workflows.ts';
import { CONCURRENCIES } from './stages/workflows.ts';
import { median } from './statistics.ts';

export function tableOf({ overhead, fiveSteps, planners, reads }: Figures): string {
  const lines: string[] = [];
  if (overhead !== undefined) {
    lines.push(
      'recall – think – act – think – answer, workers that do nothing, one planner',
      ...rowsOf(overhead),
    );
    lines.push(countedOf(overhead));
    const { rawPublishPerSecond, bytesPerEvent } = overhead;
    lines.push(
      `raw publishes of ${bytesPerEvent} bytes, 128 in flight: ${spread(rawPublishPerSecond)} per second`,
      '',
    );
  }
  if (fiveSteps !== undefined)
    lines.push('five steps in a row, one planner', ...rowsOf(fiveSteps), countedOf(fiveSteps), '');
  if (planners !== undefined) {
    const rows = [row('1 planner', planners[1]), row('2 planners', planners[2])];
    lines.push('recall – think – act – think – answer, 128 in flight', ...underHead(rows), '');
  }
  if (reads !== undefined) {
    const { stored, medianMs, p99Ms } = reads;
    lines.push(
      `whole log of a run among ${stored} stored messages: median ${medianMs.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`,
    );
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

const HEAD = ['', 'workflows/s', 'p50 ms', 'p99 ms', 'CPU ms per workflow'];

const rowsOf = ({ repetitions }: Measured): string[] =>
  underHead(
    CONCURRENCIES.map((concurrency) => row(`${concurrency} in flight`, repetitions[`${concurrency}`])),
  );

const row = (name: string, of: readonly Repetition[]): string[] => {
  const figure = (pick: (one: Repetition) => number, digits: number) => spread(of.map(pick), digits);
  return [
    name,
    figure(({ perSecond }) => perSecond, 0),
    figure(({ p50Ms }) => p50Ms, 1),
    figure(({ p99Ms }) => p99Ms, 1),
    cpuOf(of),
  ];
};

const underHead = (rows: readonly string[][]): string[] =>
  aligned([HEAD, ...rows]).map((line) => `  ${line}`.trimEnd());

/** The sum, and of what it is made. */
function cpuOf(of: readonly Repetition[]): string {
  const names = [...(of[0]?.cpuMs?.keys() ?? [])];
  if (names.length === 0) return 'not told by this system';
  const parts = names.map(
    (name) => `${name} ${median(of.map(({ cpuMs }) => cpuMs?.get(name) ?? 0)).toFixed(2)}`,
  );
  return `${median(of.map(totalCpu)).toFixed(2)} = ${parts.join(' + ')}`;
}

const countedOf = ({ workflows, messagesPerWorkflow }: Measured): string =>
  `  counted in the log: ${workflows} workflows, each completed exactly once, of ${messagesPerWorkflow} messages`;

const spread = (values: readonly number[], digits = 0): string =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
