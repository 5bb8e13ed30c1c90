// What must be true of a log, whoever wrote it and however often planners raced, crashed and began anew.
import assert from 'node:assert/strict';
import type { AnyStateMachine } from 'xstate';
import type { EventDraft, LogEvent, RequestType, StoredEvent } from '@troupe/contracts';
import { encodeData, isTerminal, OUTCOMES } from '@troupe/contracts';
import { begin, fold, owed } from '../core/run.ts';
import type { Run } from '../core/run-state.ts';
import { PLANNER } from '../core/sources.ts';

/** Every Run on the way from a log's first event to its last. */
export function folds(log: readonly StoredEvent[], machine: AnyStateMachine): Run[] {
  const runs: Run[] = [];
  for (const event of log) {
    const before = runs.at(-1);
    runs.push(before === undefined ? begin(event, () => machine) : fold(before, event));
  }
  return runs;
}

const bytes = (draft: EventDraft): string =>
  [draft.type, draft.id, draft.causationId, draft.correlationId, draft.source, encodeData(draft)].join('\n');
export const owedBytes = (runs: readonly Run[]): string[] => runs.flatMap((run) => owed(run).map(bytes));

/**
 * A finished log: numbered without gaps, no event twice, one terminal event at its end, and every event of the planner what folding
 * the events before it owes, byte for byte.
 */
export function checkLog(log: readonly StoredEvent[], machine: AnyStateMachine): void {
  assert.deepEqual(
    log.map(({ position }) => position.sequence),
    log.map((_, i) => i + 1),
    'numbered without gaps',
  );
  assert.equal(new Set(log.map(({ id }) => id)).size, log.length, 'no event was written twice');
  assert.deepEqual(
    log.flatMap(({ type }, i) => (isTerminal(type) ? [i] : [])),
    [log.length - 1],
    'one terminal event, at the end',
  );
  const runs = folds(log, machine);
  log.forEach((event, i) => {
    if (event.source !== PLANNER || event.type === 'unknown') return;
    const draft = owed(runs[i - 1] as Run).find(({ id }) => id === event.id);
    assert.ok(draft !== undefined, `${event.type} at ${event.position.sequence} was not owed`);
    assert.equal(bytes(draft), bytes(event as unknown as EventDraft));
  });
  assert.deepEqual(owed(runs.at(-1) as Run), [], 'nothing is owed at the end');
  assert.deepEqual(owedBytes(folds(log, machine)), owedBytes(runs), 'folded again, it owes the same bytes');
}

/** Workers that look before they write, and a planner that does, close every request once. */
export function checkClosedOnce(log: readonly StoredEvent[]): void {
  for (const request of log.filter((event): event is LogEvent<RequestType> => event.type in OUTCOMES)) {
    const closing = log.filter(
      ({ type, causationId }) =>
        causationId === request.id && (OUTCOMES[request.type] as readonly string[]).includes(type),
    );
    assert.ok(
      closing.length <= 1,
      `${request.type} was closed by ${closing.map(({ type }) => type).join(', ')}`,
    );
  }
}
