// The replay property: whatever the planner wrote is exactly what folding the events before it owes, byte for byte, and at the
// end nothing is owed. Pure, over stored messages.
import type { RawMessage, StoredEvent } from '@troupe/contracts';
import { decodeEvent, encodeData } from '@troupe/contracts';
import { planOffload } from '@troupe/shared';
import type { MachineFor } from '../../../services/planner/src/core/run.ts';
import { begin, fold, owed } from '../../../services/planner/src/core/run.ts';
import type { Run } from '../../../services/planner/src/core/run-state.ts';
import { PLANNER } from '../../../services/planner/src/core/sources.ts';

export interface ReplayReport {
  readonly runs: number;
  readonly ended: number;
  readonly events: number;
  /** Events that the fold had to owe; every one was compared. */
  readonly plannerEvents: number;
  readonly violations: readonly string[];
}

/** Folds every run in `messages`, which stand in the order of the stream. */
export function checkReplay(messages: readonly RawMessage[], machineFor: MachineFor): ReplayReport {
  const runs = new Map<string, Run>();
  const violations: string[] = [];
  let plannerEvents = 0;
  for (const message of messages) {
    const event = decodeEvent(message);
    const id = `${event.user}/${event.workflow}`;
    const run = runs.get(id);
    if (event.source === PLANNER) {
      plannerEvents += 1;
      violations.push(
        ...differences(run, event, message).map(
          (what) => `${id} #${event.position.sequence} ${event.type}: ${what}`,
        ),
      );
    }
    runs.set(id, run === undefined ? begin(event, machineFor) : fold(run, event));
  }
  for (const [id, run] of runs) {
    for (const draft of owed(run))
      violations.push(`${id}: ${draft.type} (${draft.id}) is owed and was never written`);
  }
  const ended = [...runs.values()].filter(({ state }) => state.kind === 'ended').length;
  return { runs: runs.size, ended, events: messages.length, plannerEvents, violations };
}

function differences(run: Run | undefined, event: StoredEvent, message: RawMessage): string[] {
  if (run === undefined) return ['nothing stands before it'];
  const draft = owed(run).find(({ id }) => id === event.id);
  if (draft === undefined)
    return [
      `not owed; owed: ${
        owed(run)
          .map(({ type }) => type)
          .join(', ') || 'nothing'
      }`,
    ];
  const body = encodeData(planOffload(draft).draft);
  return [
    ...(draft.type === event.type ? [] : [`owed as ${draft.type}`]),
    ...(draft.causationId === event.causationId ? [] : ['another cause']),
    ...(draft.correlationId === event.correlationId ? [] : ['another correlation']),
    ...(body === new TextDecoder().decode(message.body) ? [] : ['another body']),
  ];
}
