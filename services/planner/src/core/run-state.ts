// What the fold makes of a log.
//  R1  What is open (requests, timers) is a table beside the snapshot, keyed by the machine's child or timer id. XState's own
//      `children` do not serve: finished ones stay, and a stale result of turn 1 would be taken in turn 2.
//  R2  An outcome reaches the machine only if it answers the request that the table holds for that child.
//  R3  Reaching a final state clears the table and leaves the terminal event alone.
//  R4  A machine that throws or cannot go on owes `workflow.failed` with code machine_error.
//  R5  A run whose log has no room for what is open and its end owes `workflow.failed` with code log_limit (room.ts).
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import type { EventDraft, EventId, Failure, Position, RequestType, TerminalType } from '@troupe/contracts';
import type { RunOutline } from './outline.ts';

export interface OpenRequest {
  readonly draft: EventDraft;
  readonly request: RequestType;
  /** Whether the log holds it. */
  readonly sent: boolean;
}

export interface OpenTimer {
  readonly id: EventId;
  readonly event: EventObject;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

export type RunState =
  | {
      readonly kind: 'active';
      readonly machine: AnyStateMachine;
      readonly snapshot: AnyMachineSnapshot;
      readonly requests: ReadonlyMap<string, OpenRequest>;
      readonly timers: ReadonlyMap<string, OpenTimer>;
      /** Cancellations of what was sent and then stopped, still to be written. */
      readonly cancellations: readonly EventDraft[];
    }
  /** The machine is done; the terminal event is owed. `atWork`: somebody may be at work on what was open, and must be told. */
  | {
      readonly kind: 'ending';
      readonly terminal: EventDraft<TerminalType>;
      readonly atWork: boolean;
    }
  /** The terminal event is in the log; whatever comes is late. */
  | { readonly kind: 'ended' };

export interface Run extends RunOutline {
  readonly position: Position;
  /** Events that its log may hold, from the run's settings. */
  readonly maxEvents: number;
  /** Signals and cancellations in its log: a redelivered one is found here. */
  readonly told: ReadonlySet<EventId>;
  /** Signals in its log: there may be only so many. */
  readonly signals: number;
  /** Jobs that go on in the background: their calls were answered, they were not. */
  readonly jobs: ReadonlySet<string>;
  readonly state: RunState;
}

export type Active = Extract<RunState, { kind: 'active' }>;
/** What is open, without the snapshot that a step replaces. */
export type Tables = Omit<Active, 'kind' | 'snapshot'>;

/** Whether somebody may be at work: on what is open, or on what was stopped and whose cancellation nobody has read yet. */
export const isAtWork = ({ requests, cancellations }: Tables): boolean =>
  requests.size > 0 || cancellations.length > 0;

/** What the machine hands over when it is done: its output, completed to the run's result by the fold. */
export interface MachineOutput {
  readonly answer?: string | undefined;
  readonly output?: unknown;
  readonly reason?: string | undefined;
  readonly error?: Failure | undefined;
}
