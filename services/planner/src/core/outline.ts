// What can be told of a run without its machine: who it is, how it began and what it has used, and what its events and its result
// say of that. The fold carries it on in its Run; whoever ends a run without a fold makes it of the log. Pure.
import type { EventDraft, StoredEvent, Usage, WorkflowKey, WorkflowResult } from '@troupe/contracts';
import { traceOfRun } from '@troupe/contracts';

/** What the result of a run adds up. */
export interface Spent {
  /** Outcomes of recalls, model calls and tool calls. */
  readonly steps: number;
  readonly usage: Usage;
  /** Of its model calls, in billionths of a US dollar; null: of at least one nobody knows. */
  readonly costNanoUsd: number | null;
}

export interface RunOutline extends WorkflowKey, Spent {
  readonly workflowType: string;
  readonly correlationId: string;
  /** Of the run's root span; its events carry it. */
  readonly traceparent: string;
  /** The traceparent of the client's span, where the request came from one. */
  readonly caller: string | undefined;
  /** The stream's time of its first event, in milliseconds since 1970. */
  readonly startedAt: number;
}

export const UNSPENT: Spent = { steps: 0, usage: { input_tokens: 0, output_tokens: 0 }, costNanoUsd: 0 };

/** The run that begins with this event. */
export function outlineOf(first: StoredEvent): RunOutline {
  const { user, workflow, correlationId, storedAt } = first;
  return {
    user,
    workflow,
    workflowType: first.type === 'workflow.requested' ? first.data.workflow_type : 'unknown',
    correlationId,
    ...traceOfRun(first),
    startedAt: storedAt,
    ...UNSPENT,
  };
}

/** With what `event` cost the run, if it is the outcome of a step. */
export function counted<Run extends Spent>(run: Run, event: StoredEvent): Run {
  if (!/^(memory|llm|tool)\.(completed|failed)$/.test(event.type)) return run;
  const { steps, usage } = run;
  const used = event.type === 'llm.completed' ? event.data.usage : UNSPENT.usage;
  return {
    ...run,
    steps: steps + 1,
    costNanoUsd: withCost(run.costNanoUsd, costIn(event)),
    usage: {
      input_tokens: sum(usage.input_tokens, used.input_tokens),
      output_tokens: sum(usage.output_tokens, used.output_tokens),
    },
  };
}

/** An outcome that does not say is one whose cost nobody knows, unless it is of no model call. */
function costIn(event: StoredEvent): number | null {
  switch (event.type) {
    case 'llm.completed':
      return event.data.cost_nano_usd ?? null;
    case 'llm.failed':
      // Who was not asked was not paid, unless it is said that nobody knows.
      return event.data.cost_nano_usd === undefined && event.data.attempts === 0
        ? 0
        : (event.data.cost_nano_usd ?? null);
    default:
      return 0;
  }
}

const withCost = (before: number | null, cost: number | null): number | null =>
  before === null || cost === null ? null : sum(before, cost);

/** Whatever a provider says that it used, the sum stays one that the result can hold. */
const sum = (a: number, b: number): number => Math.min(a + b, Number.MAX_SAFE_INTEGER);

type Identity = Pick<EventDraft, 'user' | 'workflow' | 'workflowType' | 'correlationId' | 'traceparent'>;

/** What every event of a run says of the run. */
export const identityOf = (run: Identity): Identity => ({
  user: run.user,
  workflow: run.workflow,
  workflowType: run.workflowType,
  correlationId: run.correlationId,
  traceparent: run.traceparent,
});

/** What a result says of any run, however it ended; `finishedAt` in milliseconds since 1970. */
export const resultOf = <Status extends string>(
  run: Omit<RunOutline, 'traceparent' | 'caller'>,
  status: Status,
  finishedAt: number,
): Omit<WorkflowResult, 'status' | 'answer' | 'output' | 'reason' | 'error'> & { status: Status } => ({
  workflow_id: run.workflow,
  user_id: run.user,
  workflow_type: run.workflowType,
  status,
  steps: run.steps,
  usage: run.usage,
  cost_nano_usd: run.costNanoUsd,
  correlation_id: run.correlationId,
  started_at: new Date(run.startedAt).toISOString(),
  finished_at: new Date(finishedAt).toISOString(),
});
