// What a step of the machine opens, closes and owes.
import type { AnyMachineSnapshot } from 'xstate';
import type { EventDraft, EventId, StoredEvent, TerminalType } from '@troupe/contracts';
import { conformingData, eventId, TERMINAL_TYPES } from '@troupe/contracts';
import { z } from 'zod';
import { CANCELLATION_OF, REQUEST_OF } from './effects.ts';
import type { Effect, Step } from './machine-step.ts';
import { MachineError } from './machine-step.ts';
import { identityOf, resultOf } from './outline.ts';
import type { MachineOutput, OpenRequest, OpenTimer, Run, Tables } from './run-state.ts';
import { isAtWork } from './run-state.ts';
import { PLANNER } from './sources.ts';

/** A message of the server is at most 1 MiB, headers included. */
const MAX_RESULT_BYTES = 960 * 1024;

/** Opens and closes what the step asks for, and ends the run if the machine is done. */
export function apply(run: Run, cause: StoredEvent, tables: Tables, { snapshot, effects }: Step): Run {
  if (snapshot.status === 'error') throw snapshot.error;
  if (snapshot.status === 'stopped') throw new MachineError('The machine stopped before a final state.');
  if (snapshot.status === 'done') {
    return {
      ...run,
      state: {
        kind: 'ending',
        terminal: terminal(run, cause, finalType(snapshot), snapshot.output as MachineOutput | undefined),
        atWork: isAtWork(tables),
      },
    };
  }
  const requests = new Map(tables.requests);
  const timers = new Map(tables.timers);
  const cancellations = [...tables.cancellations];
  for (const effect of effects) applyEffect(run, cause, effect, { requests, timers, cancellations });
  return {
    ...run,
    // What was asked for and stopped may have been paid for all the same.
    costNanoUsd: cancellations.some(({ type }) => type === 'llm.cancelled') ? null : run.costNanoUsd,
    state: { kind: 'active', machine: tables.machine, snapshot, requests, timers, cancellations },
  };
}

interface MutableTables {
  readonly requests: Map<string, OpenRequest>;
  readonly timers: Map<string, OpenTimer>;
  readonly cancellations: EventDraft[];
}

function applyEffect(
  run: Run,
  cause: StoredEvent,
  effect: Effect,
  { requests, timers, cancellations }: MutableTables,
): void {
  switch (effect.kind) {
    case 'spawn': {
      const request = REQUEST_OF[effect.source];
      if (request === undefined)
        throw new MachineError(`"${effect.source}" is not an effect of this planner.`);
      if (requests.has(effect.child)) throw new MachineError(`The actor "${effect.child}" is still at work.`);
      const draft = draftOf(
        run,
        request,
        { id: eventId(cause.id, effect.child), causationId: cause.id },
        effect.input,
      );
      requests.set(effect.child, { request, draft, sent: false });
      return;
    }
    case 'stop': {
      const open = requests.get(effect.child);
      requests.delete(effect.child);
      const type = open === undefined ? undefined : CANCELLATION_OF[open.request];
      // What was opened and stopped before it was written is never written.
      if (open === undefined || type === undefined || !open.sent) return;
      const ids = { id: eventId(open.draft.id, 'cancelled'), causationId: open.draft.id };
      cancellations.push(draftOf(run, type, ids, { reason: 'stopped_by_machine' }));
      return;
    }
    case 'delay':
      if (timers.has(effect.timer)) throw new MachineError(`The timer "${effect.timer}" is still running.`);
      timers.set(effect.timer, {
        id: eventId(cause.id, effect.timer),
        event: effect.event,
        dueAt: cause.storedAt + effect.delayMs,
      });
      return;
    case 'cancel-delay':
      timers.delete(effect.timer);
  }
}

/** Data that breaks the contract could never be written: the machine's fault, found before anything waits for it. */
function draftOf(
  run: Run,
  type: EventDraft['type'],
  ids: { id: EventId; causationId: string },
  given: unknown,
): EventDraft {
  const { success, data, error } = conformingData(type, given);
  if (!success) throw new MachineError(`Its ${type} breaks the contract: ${z.prettifyError(error)}`);
  return { ...identityOf(run), type, ...ids, source: PLANNER, data } as EventDraft;
}

function finalType(snapshot: AnyMachineSnapshot): TerminalType {
  const types = TERMINAL_TYPES.filter((type) => snapshot.tags.has(type));
  const [type] = types;
  if (type === undefined || types.length > 1) {
    throw new MachineError(`A final state needs exactly one of the tags ${TERMINAL_TYPES.join(', ')}.`);
  }
  return type;
}

/** Whether a model call is in hand that `cause` does not answer: what it will have cost nobody knows yet. */
const asksModel = ({ state }: Run, { causationId }: StoredEvent): boolean =>
  state.kind === 'active' &&
  [...state.requests.values()].some(
    ({ request, sent, draft }) => request === 'llm.requested' && sent && draft.id !== causationId,
  );

/** The terminal event that `cause` brought about. Throws MachineError for an ending that could never be written. */
export function terminal(
  run: Run,
  cause: StoredEvent,
  type: TerminalType,
  ending: MachineOutput = {},
): EventDraft<TerminalType> {
  // By name: whatever else a machine puts out, it does not replace what is known of its run.
  const { answer, output, reason, error } = ending;
  const result = resultOf(run, type.slice('workflow.'.length), cause.storedAt);
  const data = {
    ...result,
    ...(asksModel(run, cause) && { cost_nano_usd: null }),
    answer,
    output,
    reason,
    error,
  };
  const ids = { id: eventId(cause.id, 'terminal'), causationId: cause.id };
  const draft = draftOf(run, type, ids, data) as EventDraft<TerminalType>;
  if (Buffer.byteLength(JSON.stringify(draft.data)) > MAX_RESULT_BYTES)
    throw new MachineError(`Its result is larger than ${MAX_RESULT_BYTES} bytes.`);
  return draft;
}
