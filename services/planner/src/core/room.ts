// Room in a run's log: no run grows without end, whatever its machine or the outside does. A run ends as soon as what is open
// could no longer be written, so what workers hold when it comes to that still had its room. Pure, and of the log alone.
import type { Failure, RequestType, StoredEvent } from '@troupe/contracts';
import { terminal } from './apply.ts';
import type { Active, Run } from './run-state.ts';
import { isAtWork } from './run-state.ts';

/** Events that a request comes to: itself, its outcome, and for a tool its intent and what it tells the user. */
const COMES_TO = {
  'memory.requested': 2,
  'llm.requested': 2,
  'tool.requested': 4,
} as const satisfies Record<RequestType, number>;

/** The run as it is, or at its end where its log has no room for what is open. */
export function withinRoom(run: Run, cause: StoredEvent): Run {
  const { state, position, maxEvents } = run;
  if (state.kind !== 'active' || position.sequence + toCome(state) + 1 <= maxEvents) return run;
  const error: Failure = {
    code: 'log_limit',
    message: `The log of the run has no room left: it may hold ${maxEvents} events.`,
    hint: 'Narrow the goal or split it into several workflows; look into the log for what repeats.',
  };
  const failed = terminal(run, cause, 'workflow.failed', { error });
  return { ...run, state: { kind: 'ending', terminal: failed, atWork: isAtWork(state) } };
}

/** What is sent waits for its outcome; what is not must find room for all that it comes to. */
function toCome({ requests, cancellations }: Active): number {
  let events = cancellations.length;
  for (const { request, sent } of requests.values()) events += sent ? 1 : COMES_TO[request];
  return events;
}
