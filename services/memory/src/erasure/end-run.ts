// Runs that go on are cancelled before anything of them is erased: they would write on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowKey } from '@troupe/contracts';
import { ContractError, doorSubject } from '@troupe/contracts';
import type { Kernel, Publisher } from '@troupe/shared';
import { RetryableError } from '@troupe/shared';
import type { StoredRuns } from './stored-runs.ts';

const PUBLISH_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 100;

export interface EndMeans {
  readonly runs: StoredRuns;
  readonly kernel: Pick<Kernel, 'publisher' | 'log'>;
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/** Those that have not ended. Throws RetryableError `stream_unreadable`. */
export async function goingOnAmong<Key extends WorkflowKey>(
  keys: readonly Key[],
  runs: StoredRuns,
): Promise<readonly Key[]> {
  const goingOn: Key[] = [];
  for (const key of keys) if (!(await runs.isEnded(key))) goingOn.push(key);
  return goingOn;
}

/**
 * Asks for the cancellation of all, then waits for all. Resolves with those that go on after `withinMs`. Throws RetryableError
 * `door_unavailable`, `stream_unreadable`, and the signal's reason.
 */
export async function endRuns(
  keys: readonly WorkflowKey[],
  { runs, kernel, withinMs, signal }: EndMeans,
): Promise<readonly WorkflowKey[]> {
  for (const key of keys) await cancel(key, kernel.publisher);
  let left = keys;
  for (const startedAt = performance.now(); left.length > 0; ) {
    if (performance.now() - startedAt > withinMs) break;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
    left = await goingOnAmong(left, runs);
  }
  const able = await Promise.all(left.map(async (key) => ((await canEnd(key, kernel)) ? [key] : [])));
  return able.flat();
}

async function cancel({ user, workflow }: WorkflowKey, publisher: Publisher): Promise<void> {
  const body = JSON.stringify({ workflow_id: workflow, reason: 'forgotten by its user' });
  const subject = doorSubject('workflow.cancel_requested', user);
  const { kind } = await publisher.publish(subject, {}, body, PUBLISH_TIMEOUT_MS);
  if (kind === 'stored') return;
  throw new RetryableError('door_unavailable', `The cancellation of ${workflow} is not stored (${kind}).`);
}

/** No planner goes on with a log that breaks its contract: such a run never ends, and writes no more. */
const canEnd = (key: WorkflowKey, { log }: EndMeans['kernel']): Promise<boolean> =>
  log.read.whole(key).then(
    () => true,
    (error: unknown) => !(error instanceof ContractError),
  );
