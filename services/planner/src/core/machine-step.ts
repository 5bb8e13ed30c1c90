// One step of an XState machine, with its effects as data. The machine runs on one inert scope: nothing is started, sent or
// scheduled, which makes XState's transition a pure function (and four times faster than one actor per call).
import type { ActorScope, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { createActor } from 'xstate';
import { effects } from './effects.ts';

/** An effect that a step asks for, in the order in which the machine asked. */
export type Effect =
  | { readonly kind: 'spawn'; readonly child: string; readonly source: string; readonly input: unknown }
  | { readonly kind: 'stop'; readonly child: string }
  | { readonly kind: 'delay'; readonly timer: string; readonly event: EventObject; readonly delayMs: number }
  | { readonly kind: 'cancel-delay'; readonly timer: string };

export interface Step {
  readonly snapshot: AnyMachineSnapshot;
  readonly effects: readonly Effect[];
}

/** A machine did what cannot be made durable. The run fails with code `machine_error`. */
export class MachineError extends Error {
  override name = 'MachineError';
}

/** An action as XState hands it to its executor. */
interface Action {
  readonly type: string;
  readonly params?: unknown;
}

type AnyScope = ActorScope<AnyMachineSnapshot, EventObject>;

const collected: Action[] = [];
const self = createActor(effects['memory.recall'], { input: { query: '-', k: 1 } });
const scope = {
  self,
  id: self.id,
  sessionId: self.sessionId,
  system: self.system,
  logger: () => undefined,
  defer: () => undefined,
  stopChild: () => undefined,
  emit: () => undefined,
  actionExecutor: (action: Action) => collected.push(action),
} as unknown as AnyScope;

/** Enters the machine. Throws whatever the machine throws, MachineError for what it must not do. */
export const enter = (machine: AnyStateMachine, input: unknown): Step =>
  step(undefined, () => machine.getInitialSnapshot(scope as never, input) as AnyMachineSnapshot);

/** Feeds one event. Throws as `enter` does. */
export const advance = (machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: EventObject): Step =>
  step(snapshot, () => machine.transition(snapshot, event, scope as never) as AnyMachineSnapshot);

function step(before: AnyMachineSnapshot | undefined, run: () => AnyMachineSnapshot): Step {
  collected.length = 0;
  const snapshot = run();
  const asked = collected.splice(0).flatMap(effectOf);
  // A child that no spawn announced was made inside `assign` or `context`: its request would be lost.
  const announced = new Set([
    ...Object.keys((before?.children ?? {}) as object),
    ...asked.flatMap((effect) => (effect.kind === 'spawn' ? [effect.child] : [])),
  ]);
  const hidden = Object.keys(snapshot.children as object).find((child) => !announced.has(child));
  if (hidden !== undefined) {
    throw new MachineError(
      `The machine made the actor "${hidden}" inside assign or context; use invoke or spawnChild.`,
    );
  }
  return { snapshot, effects: asked };
}

function effectOf({ type, params }: Action): Effect[] {
  switch (type) {
    case 'xstate.spawnChild': {
      const { src, input, actorRef, systemId } = params as SpawnParams;
      if (typeof src !== 'string' || actorRef === undefined)
        throw new MachineError('An actor must be named in setup({ actors }).');
      if (systemId !== undefined)
        throw new MachineError(`The actor "${actorRef.id}" has a systemId, which a durable run has not.`);
      return [{ kind: 'spawn', child: actorRef.id, source: src, input }];
    }
    case 'xstate.stopChild': {
      const child = (params as { id: string } | undefined)?.id;
      return child === undefined ? [] : [{ kind: 'stop', child }];
    }
    case 'xstate.raise': {
      const { event, id, delay } = params as RaiseParams;
      // Without a delay the machine has handled it already.
      if (delay === undefined) return [];
      return [{ kind: 'delay', timer: id ?? event.type, event, delayMs: delay }];
    }
    case 'xstate.cancel':
      return [{ kind: 'cancel-delay', timer: (params as { sendId: string }).sendId }];
    default:
      throw new MachineError(
        `The action "${type}" would never run: a durable machine only assigns, raises, invokes and spawns.`,
      );
  }
}

interface SpawnParams {
  readonly src: unknown;
  readonly input: unknown;
  readonly actorRef: { readonly id: string } | undefined;
  readonly systemId: string | undefined;
}

interface RaiseParams {
  readonly event: EventObject;
  readonly id: string | undefined;
  readonly delay: number | undefined;
}
