// The measured figures as the one line of JSON that machines read. Medians over the repetitions.
import { totalCpu } from './measure.ts';
import type { Overhead } from './stages/overhead.ts';
import type { Planners } from './stages/planners.ts';
import type { Reads } from './stages/reads.ts';
import type { Measured, PerConcurrency } from './stages/workflows.ts';
import { medians } from './stages/workflows.ts';
import { median } from './statistics.ts';

/** What was measured; a stage that was left out is undefined. */
export interface Figures {
  readonly overhead: Overhead | undefined;
  readonly fiveSteps: Measured | undefined;
  readonly planners: Planners | undefined;
  readonly reads: Reads | undefined;
}

/** Members of stages that were left out are left out; `cpu_ms_per_workflow` is null where the system does not tell. */
export function resultOf({ overhead, fiveSteps, planners, reads }: Figures): object {
  return {
    ...(overhead && {
      workflows_per_second: rounded(
        medians(overhead.repetitions, ({ perSecond }) => perSecond),
        0,
      ),
      p50_ms: rounded(
        medians(overhead.repetitions, ({ p50Ms }) => p50Ms),
        2,
      ),
      p99_ms: rounded(
        medians(overhead.repetitions, ({ p99Ms }) => p99Ms),
        2,
      ),
      cpu_ms_per_workflow: rounded(medians(overhead.repetitions, totalCpu), 2),
      messages_per_workflow: overhead.messagesPerWorkflow,
      raw_publish_per_second: Math.round(median(overhead.rawPublishPerSecond)),
    }),
    ...(fiveSteps && {
      five_steps: {
        workflows_per_second: rounded(
          medians(fiveSteps.repetitions, ({ perSecond }) => perSecond),
          0,
        ),
      },
    }),
    ...(reads && { reads_at_1m_ms: round(reads.medianMs, 2) }),
    ...(planners && {
      planners: {
        '1': round(median(planners[1].map(({ perSecond }) => perSecond)), 0),
        '2': round(median(planners[2].map(({ perSecond }) => perSecond)), 0),
      },
    }),
  };
}

const rounded = (figures: PerConcurrency<number>, digits: number): PerConcurrency<number> => ({
  '1': round(figures[1], digits),
  '16': round(figures[16], digits),
  '128': round(figures[128], digits),
});

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
