// What becomes of a run whose trigger the planner gives up: it ends as failed, with the reason, since nothing else would ever end it.
// For bugs of the planner, not of machines: what a machine throws is the fold's to answer.
import type { EventDraft, Failure, StoredEvent, WorkflowKey } from '@troupe/contracts';
import { ContractError, eventId, isTerminal, parseLogSubject } from '@troupe/contracts';
import type { Append, Delivery, LogReader } from '@troupe/shared';
import { RetryableError, TerminalError } from '@troupe/shared';

/** With the backoff of failed deliveries, more than a minute: a fault that passes by itself has passed by then. */
const BUG_ATTEMPTS = 20;
/** Others may write to the run meanwhile. */
const APPEND_ATTEMPTS = 20;

/** Turns a bug that one delivery meets again and again into a failure of its run. Throws, always. */
export function giveUpBugs(error: unknown, { attempt }: Pick<Delivery, 'attempt'>): never {
  const told =
    error instanceof RetryableError || error instanceof TerminalError || error instanceof ContractError;
  if (told || attempt < BUG_ATTEMPTS) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const failure: Failure = {
    code: 'planner_error',
    message: `The planner could not take in an event of the run in ${attempt} attempts: ${message}`,
    hint: "This is a bug; the planner's log has the stack. Start the run again once it is mended.",
  };
  throw new TerminalError(failure, { cause: error });
}

/**
 * Ends the run of a delivery that was given up, unless it has ended. A log that cannot be read, because somebody wrote into it past
 * `append`, stays as it is. Throws what `append` throws.
 */
export async function failRun(
  { read, append, knock }: { read: LogReader; append: Append; knock: (key: WorkflowKey) => void },
  { subject, seq }: Pick<Delivery, 'subject' | 'seq'>,
  failure: Failure,
): Promise<void> {
  const key = parseLogSubject(subject);
  if (key === undefined) return;
  for (let attempt = 1; attempt <= APPEND_ATTEMPTS; attempt += 1) {
    const log = await read.whole(key, seq).catch(unlessUnreadable);
    const last = log?.at(-1);
    if (log === undefined || last === undefined || isTerminal(last.type)) return;
    const result = await append(ending(log, last, failure), { after: last.position });
    if (result.kind === 'conflict') continue;
    knock(key);
    return;
  }
  throw new RetryableError('log_contended', 'The end of a run met only conflicts.');
}

function unlessUnreadable(error: unknown): undefined {
  if (!(error instanceof ContractError)) throw error;
}

function ending(log: readonly StoredEvent[], last: StoredEvent, error: Failure): EventDraft {
  const [first = last] = log;
  const { user, workflow, correlationId, workflowType, traceparent } = last;
  return {
    type: 'workflow.failed',
    id: eventId(last.id, 'terminal'),
    source: '/troupe/planner',
    causationId: last.id,
    user,
    workflow,
    correlationId,
    workflowType,
    traceparent,
    data: {
      workflow_id: workflow,
      user_id: user,
      workflow_type: first.type === 'workflow.requested' ? first.data.workflow_type : 'unknown',
      status: 'failed',
      error,
      steps: log.filter(({ type }) => /^(memory|llm|tool)\.(completed|failed)$/.test(type)).length,
      usage: { input_tokens: 0, output_tokens: 0 },
      correlation_id: correlationId,
      started_at: new Date(first.storedAt).toISOString(),
      finished_at: new Date(last.storedAt).toISOString(),
    },
  };
}
