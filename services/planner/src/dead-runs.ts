// What becomes of a run whose trigger the planner gives up: it ends as failed, with the reason, since nothing else would ever end it.
// For bugs of the planner, not of machines: what a machine throws is the fold's to answer.
import type { EventDraft, Failure, StoredEvent, WorkflowKey } from '@troupe/contracts';
import { ContractError, eventId, isTerminal } from '@troupe/contracts';
import type { Append, Delivery, LogReader } from '@troupe/shared';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { RunOutline } from './core/outline.ts';
import { counted, identityOf, outlineOf, resultOf } from './core/outline.ts';
import { GIVEN_UP } from './core/sources.ts';
import type { RunObserver } from './observe-runs.ts';

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

export interface FailRunMeans {
  readonly read: LogReader;
  readonly append: Append;
  readonly knock: (key: WorkflowKey) => void;
  readonly ended: RunObserver['ended'];
}

/**
 * Ends the run of a delivery that was given up, unless it has ended; `seq` is how far its log reaches at least. A log that cannot be read, because somebody wrote into it past
 * `append`, stays as it is. Throws what `append` throws.
 */
export async function failRun(
  { read, append, knock, ended }: FailRunMeans,
  { key, seq }: { readonly key: WorkflowKey | undefined; readonly seq: number },
  failure: Failure,
): Promise<void> {
  if (key === undefined) return;
  for (let attempt = 1; attempt <= APPEND_ATTEMPTS; attempt += 1) {
    const log = await read.whole(key, seq).catch(unlessUnreadable);
    const first = log?.at(0);
    const last = log?.at(-1);
    if (log === undefined || first === undefined || last === undefined || isTerminal(last.type)) return;
    // What an outcome came to counts also where the run had no use for it: to tell which, one would have to fold.
    const run = log.reduce(counted, outlineOf(first));
    const draft = ending(run, last, failure);
    const result = await append(draft, { after: last.position });
    if (result.kind === 'conflict') continue;
    if (result.kind === 'appended') ended(run, draft.data);
    knock(key);
    return;
  }
  throw new RetryableError('log_contended', 'The end of a run met only conflicts.');
}

function unlessUnreadable(error: unknown): undefined {
  if (!(error instanceof ContractError)) throw error;
}

const ending = (run: RunOutline, last: StoredEvent, error: Failure): EventDraft<'workflow.failed'> => ({
  ...identityOf(run),
  type: 'workflow.failed',
  id: eventId(last.id, 'terminal'),
  source: GIVEN_UP,
  causationId: last.id,
  data: { ...resultOf(run, 'failed', last.storedAt), error },
});
