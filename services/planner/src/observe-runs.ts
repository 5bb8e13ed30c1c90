// What is told of runs: a span for each event that the planner took in, and for each run that this process ended its duration, its
// root span and a line in the log. A run is ended by exactly one append, so it is told of at most once: where the answer of that append
// was lost, nobody tells.
import type { DataOf, StoredEvent, TerminalType } from '@troupe/contracts';
import { shardOf } from '@troupe/contracts';
import type { Delivery, FinishedSpan, Logger, Metrics, Tracer } from '@troupe/shared';
import { errorTypeOf, messagingAttributes, plannerConsumer, runAttributes, spanName } from '@troupe/shared';
import type { RunOutline } from './core/outline.ts';
import type { Run } from './core/run-state.ts';

export interface RunObserver {
  /** `result` was appended by this process, and nobody else's was. */
  ended(run: RunOutline, result: DataOf<TerminalType>): void;
  /** Does the planning that `event` brings about; it gives the run behind it, or undefined where the event was late. */
  planned(event: StoredEvent, delivery: Delivery, plan: () => Promise<Run | undefined>): Promise<void>;
}

export interface ObserverDependencies {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function observeRuns({ metrics, tracer, logger, now }: ObserverDependencies): RunObserver {
  return {
    ended(run, result) {
      const endedAt = now();
      // The beginning is the stream's time, the end this process's.
      const seconds = Math.max(0, endedAt - run.startedAt) / 1_000;
      const { workflow_type, status } = result;
      metrics.workflowEnded(workflow_type, status, seconds);
      tracer.record(() => executeSpan(run, result, endedAt));
      logger.info({ workflow_type, status, seconds, error_code: result.error?.code }, 'workflow ended');
    },

    async planned(event, delivery, plan) {
      const startedAt = now();
      const tell = (told: Pick<FinishedSpan, 'parent' | 'errorType'>, run?: Run): void =>
        tracer.record(() => ({
          ...told,
          startedAt,
          endedAt: now(),
          name: spanName(run?.workflowType ?? event.workflowType, 'plan'),
          kind: 'consumer',
          links: [event.traceparent],
          attributes: {
            ...runAttributes(event),
            ...messagingAttributes(event, delivery, plannerConsumer(shardOf(event.workflow))),
            'gen_ai.operation.name': 'plan',
            'gen_ai.agent.name': 'planner',
            'agents.state': run && stateOf(run),
          },
        }));
      try {
        const run = await plan();
        if (run !== undefined) tell({ parent: run.traceparent }, run);
      } catch (error) {
        tell({ parent: event.traceparent, errorType: errorTypeOf(error) });
        throw error;
      }
    },
  };
}

/** The root of the run's trace, below the client's span where it has one. Others named it as their parent long before. */
const executeSpan = (run: RunOutline, result: DataOf<TerminalType>, endedAt: number): FinishedSpan => ({
  name: spanName(run.workflowType, 'execute'),
  kind: 'internal',
  self: run.traceparent,
  parent: run.caller,
  startedAt: run.startedAt,
  endedAt,
  errorType: result.error?.code,
  attributes: {
    ...runAttributes(run),
    'gen_ai.operation.name': 'invoke_workflow',
    'gen_ai.workflow.name': run.workflowType,
    'gen_ai.usage.input_tokens': result.usage.input_tokens,
    'gen_ai.usage.output_tokens': result.usage.output_tokens,
    'agents.workflow.status': result.status,
    'agents.workflow.steps': result.steps,
  },
});

const stateOf = ({ state }: Run): string =>
  state.kind === 'active' ? JSON.stringify(state.snapshot.value) : state.kind;
