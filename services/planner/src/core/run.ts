// The fold: one workflow's log, folded through its machine into a Run. Pure: no I/O, no clock but the stream's time of the
// events, no randomness; the same log gives the same Run and the same owed events, byte for byte, for ever. It upholds the
// invariants R1 to R5 of run-state.ts.
import { inspect } from 'node:util';
import type { AnyStateMachine } from 'xstate';
import type { EventDraft, EventId, Failure, LogEvent, Position, StoredEvent } from '@troupe/contracts';
import { isTerminal } from '@troupe/contracts';
import { apply, terminal } from './apply.ts';
import { advance, enter } from './machine-step.ts';
import { counted, outlineOf } from './outline.ts';
import { withinRoom } from './room.ts';
import type { Active, OpenTimer, Run } from './run-state.ts';
import { isAtWork } from './run-state.ts';
import { translate } from './translate.ts';

/**
 * This planner lacks the version that a run began with. Another planner may have it (a new one during a rolling update, an old one after
 * it), so the run is left as it is: this is the one error that the fold does not turn into the run's failure.
 */
export class UnknownVersionError extends Error {
  override name = 'UnknownVersionError';
}

/**
 * The machine of a workflow type in the version that a run began with. Throws UnknownVersionError if this planner has not got it,
 * MachineError if it was changed since.
 */
export type MachineFor = (requested: LogEvent<'workflow.requested'>['data']) => AnyStateMachine;

/** The Run behind a workflow's first event. */
export function begin(first: StoredEvent, machineFor: MachineFor): Run {
  const { workflow, correlationId, position } = first;
  const run: Run = {
    ...outlineOf(first),
    position,
    maxEvents: (first.type === 'workflow.requested' ? first.data.settings.max_events : undefined) ?? Infinity,
    told: new Set(),
    signals: 0,
    jobs: new Set(),
    state: { kind: 'ended' },
  };
  // A log that begins otherwise was refused at the door and is over.
  if (first.type !== 'workflow.requested') return run;
  const begun = guarded(run, first, () => {
    const machine = machineFor(first.data);
    return apply(
      run,
      first,
      { machine, requests: new Map(), timers: new Map(), cancellations: [] },
      enter(machine, { request: first.data, workflow, correlationId, startedAt: first.storedAt }),
    );
  });
  return withinRoom(begun, first);
}

/** The Run with the next event of its log folded in. Throws RangeError if `event` is not the next one. */
export function fold(run: Run, event: StoredEvent): Run {
  if (event.position.sequence !== run.position.sequence + 1) {
    throw new RangeError(
      `event ${event.position.sequence} does not follow ${run.position.sequence} in ${run.workflow}`,
    );
  }
  const moved: Run = { ...run, position: event.position, jobs: jobsAfter(run.jobs, event) };
  if (isTerminal(event.type)) return { ...moved, state: { kind: 'ended' } };
  const { state } = moved;
  if (state.kind !== 'active') return moved;

  const written = markWritten(state, event.id);
  if (written !== undefined) return { ...moved, state: written };
  return withinRoom(take(moved, state, event), event);
}

/** What an event from outside the fold means to the run. */
function take(moved: Run, state: Active, event: StoredEvent): Run {
  const translated = translate(state, event);
  if (translated === undefined) return moved;
  const closed: Active = { ...state, ...translated.closed };
  const told = translated.event;
  if (told === undefined) return { ...moved, state: closed };
  const after = count(moved, event);
  return guarded(after, event, () =>
    apply(after, event, closed, advance(state.machine, state.snapshot, told)),
  );
}

/** The planner's events that the log still lacks, in the order in which they must be written. */
export function owed({ state }: Run): readonly EventDraft[] {
  switch (state.kind) {
    case 'active':
      return [
        ...state.cancellations,
        ...[...state.requests.values()].filter(({ sent }) => !sent).map(({ draft }) => draft),
      ];
    case 'ending':
      return [state.terminal];
    case 'ended':
      return [];
  }
}

/** The Run after `draft`, which it owed, was stored at `position`: the same as folding the stored event. */
export function written(run: Run, draft: EventDraft, position: Position): Run {
  const moved: Run = { ...run, position };
  if (isTerminal(draft.type)) return { ...moved, state: { kind: 'ended' } };
  return run.state.kind === 'active'
    ? { ...moved, state: markWritten(run.state, draft.id) ?? run.state }
    : moved;
}

/** The timers that must be set. */
export const openTimers = ({ state }: Run): readonly OpenTimer[] =>
  state.kind === 'active' ? [...state.timers.values()] : [];

/** The state if `id` is something that the planner owed and now stands in the log. */
function markWritten(state: Active, id: EventId): Active | undefined {
  for (const [child, open] of state.requests) {
    if (open.draft.id === id)
      return { ...state, requests: new Map(state.requests).set(child, { ...open, sent: true }) };
  }
  const cancellations = state.cancellations.filter((draft) => draft.id !== id);
  return cancellations.length < state.cancellations.length ? { ...state, cancellations } : undefined;
}

function count(run: Run, event: StoredEvent): Run {
  const signalled = event.type === 'workflow.signalled';
  if (!signalled && event.type !== 'workflow.cancel_requested') return counted(run, event);
  return { ...run, told: new Set(run.told).add(event.id), signals: run.signals + (signalled ? 1 : 0) };
}

function jobsAfter(jobs: Run['jobs'], event: StoredEvent): Run['jobs'] {
  switch (event.type) {
    case 'tool.completed':
      return event.data.job_id === undefined ? jobs : new Set(jobs).add(event.data.job_id);
    case 'job.completed':
    case 'job.failed': {
      const { job_id } = event.data;
      return new Set([...jobs].filter((job) => job !== job_id));
    }
    default:
      return jobs;
  }
}

/** R4: whatever the machine throws ends the run, and nothing else. */
function guarded(run: Run, cause: StoredEvent, step: () => Run): Run {
  try {
    return step();
  } catch (error) {
    if (error instanceof UnknownVersionError) throw error;
    const failure: Failure = {
      code: 'machine_error',
      message:
        `The workflow's machine could not go on: ${error instanceof Error ? error.message : inspect(error)}`.slice(
          0,
          1_000,
        ),
      hint: 'Mend the workflow definition; runs that began with it fail at the same event.',
    };
    return {
      ...run,
      state: {
        kind: 'ending',
        terminal: terminal(run, cause, 'workflow.failed', { error: failure }),
        atWork: run.state.kind === 'active' && isAtWork(run.state),
      },
    };
  }
}
