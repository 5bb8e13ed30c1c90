// A run that is going on is cancelled before anything of it is erased: it would write on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowKey } from '@troupe/contracts';
import { doorSubject } from '@troupe/contracts';
import type { Publisher } from '@troupe/shared';
import { RetryableError } from '@troupe/shared';
import type { StoredRuns } from './stored-runs.ts';

const PUBLISH_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 100;

/**
 * Resolves with the sequence of the run's newest event once it has ended; asks for its cancellation if it has not. Throws RetryableError
 * `run_not_ended` after `withinMs`, `door_unavailable`, `stream_unreadable`, and the signal's reason.
 */
export async function endRun(
  key: WorkflowKey,
  { runs, publisher }: { readonly runs: StoredRuns; readonly publisher: Publisher },
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<number> {
  const before = await runs.end(key);
  if (before.isEnded || before.seq === 0) return before.seq;
  const body = JSON.stringify({ workflow_id: key.workflow, reason: 'forgotten by its user' });
  const subject = doorSubject('workflow.cancel_requested', key.user);
  const { kind } = await publisher.publish(subject, {}, body, PUBLISH_TIMEOUT_MS);
  if (kind !== 'stored')
    throw new RetryableError(
      'door_unavailable',
      `The cancellation of ${key.workflow} is not stored (${kind}).`,
    );
  for (const startedAt = performance.now(); performance.now() - startedAt < withinMs; ) {
    const { isEnded, seq } = await runs.end(key);
    if (isEnded) return seq;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
  throw new RetryableError(
    'run_not_ended',
    `The workflow ${key.workflow} goes on: it waits for a planner to cancel it.`,
  );
}
