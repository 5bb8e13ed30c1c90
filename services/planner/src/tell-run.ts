// What somebody tells a run that is going on, recorded in its log: a signal, or that it should stop. Once per message at the door,
// however often that is delivered. The machine hears of it when the planner folds the record.
import type { EventDraft, Failure } from '@troupe/contracts';
import { eventId } from '@troupe/contracts';
import { RetryableError, TerminalError } from '@troupe/shared';
import { identityOf } from './core/outline.ts';
import type { Run } from './core/run-state.ts';
import { DOOR } from './core/sources.ts';
import type { Command } from './door-command.ts';
import type { Runs } from './runs.ts';

/** In the log of one run. */
export const MAX_SIGNALS = 1_000;

/** With the backoff of failed deliveries some 20 seconds: while the log is full, a request comes again only every five. */
const ATTEMPTS = 8;

type Told = Exclude<Command, { type: 'workflow.requested' }>;

/** The message at the door that told it. */
interface Cause {
  readonly id: string;
  readonly attempt: number;
}

/**
 * Records `told`, if the run is still going on. Throws RetryableError `unknown_workflow` for a run that may begin yet, and
 * TerminalError `unknown_workflow`, or for a signal `workflow_ended` or `signal_limit`. A cancellation of what ended is nothing.
 */
export async function tellRun(runs: Runs, told: Told, cause: Cause): Promise<void> {
  const refusals: Failure[] = [];
  await runs.record(told, (run) => {
    if (run === undefined) throw unknownWorkflow(told, cause);
    const draft = draftOf(run, told, cause);
    if (run.told.has(draft.id)) return undefined;
    const refusal = refusalOf(run, told);
    if (refusal !== undefined) refusals.push(refusal);
    return refusal === undefined && run.state.kind === 'active' ? draft : undefined;
  });
  // Only now: an error inside the run's mailbox would cost its folded state, and a refused signal is not the run's fault.
  const [refusal] = refusals;
  if (refusal !== undefined) throw new TerminalError(refusal);
}

function draftOf(run: Run, { type, data }: Told, cause: Cause): EventDraft {
  return {
    ...identityOf(run),
    type,
    id: eventId(cause.id, type === 'workflow.signalled' ? 'signal' : 'cancel'),
    source: DOOR,
    causationId: cause.id,
    data,
  } as EventDraft;
}

function refusalOf(run: Run, { type, workflow }: Told): Failure | undefined {
  if (type !== 'workflow.signalled') return undefined;
  if (run.state.kind !== 'active') {
    return {
      code: 'workflow_ended',
      message: `The workflow ${workflow} had ended when the signal came.`,
      hint: 'Nothing hears it any more; request a new workflow if there is more to do.',
    };
  }
  if (run.signals < MAX_SIGNALS) return undefined;
  return {
    code: 'signal_limit',
    message: `The workflow ${workflow} has had ${MAX_SIGNALS} signals, which is the limit of a run.`,
    hint: 'Put more into one signal, or begin a new workflow now and then.',
  };
}

/** A run's request and what is told to it are handled at once: the latter may come first, and then waits for it. */
function unknownWorkflow({ workflow }: Told, { attempt }: Cause): RetryableError | TerminalError {
  const message = `This user has no workflow ${workflow}.`;
  if (attempt < ATTEMPTS) return new RetryableError('unknown_workflow', message);
  return new TerminalError({
    code: 'unknown_workflow',
    message,
    hint: 'Use the user and the workflow_id that the run was requested with.',
  });
}
