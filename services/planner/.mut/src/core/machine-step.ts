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

/** Microsteps that one step may take; a machine that takes more goes round in circles. */
const MAX_MICROSTEPS = 1_000;

/** The clock cannot name every instant that a number can. */
const MAX_DELAY_MS = 10 * 365 * 86_400_000;

const collected: Action[] = [];
const self = createActor(effects['memory.recall'], { input: { query: '-', k: 1 } });
// An actor with a systemId is refused, and must not be known to the next run of the same machine either.
Object.assign(self.system, { _set: () => undefined });
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
export function enter(machine: AnyStateMachine, input: unknown): Step {
  machine.options.maxIterations = Math.min(machine.options.maxIterations ?? Infinity, MAX_MICROSTEPS);
  return step(undefined, () => machine.getInitialSnapshot(scope as never, input) as AnyMachineSnapshot);
}

/** Feeds one event. Throws as `enter` does. */
export const advance = (machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: EventObject): Step =>
  step(snapshot, () => machine.transition(snapshot, event, scope as never) as AnyMachineSnapshot);

function step(before: AnyMachineSnapshot | undefined, run: () => AnyMachineSnapshot): Step {
  collected.length = 0;
  const snapshot = run();
  const actions = collected.splice(0);
  const asked = actions.flatMap(effectOf);
  if (snapshot.children !== before?.children) refuseHidden(before, snapshot, actions);
  return { snapshot, effects: asked };
}

/** A child that no spawn announced was made inside `assign` or `context`: its request would be lost. */
function refuseHidden(
  before: AnyMachineSnapshot | undefined,
  after: AnyMachineSnapshot,
  actions: readonly Action[],
): void {
  const announced = new Set(
    actions.map(({ params }) => (params as Partial<SpawnParams> | undefined)?.actorRef),
  );
  const old = (before?.children ?? {}) as Children;
  for (const [child, actor] of Object.entries(after.children as Children)) {
    if (!announced.has(actor) && old[child] !== actor)
      throw new MachineError('An actor was made inside assign or context; use invoke or spawnChild.');
  }
}

function effectOf({ type, params }: Action): Effect[] {
  switch (type) {
    case 'xstate.spawnChild': {
      const { src, input, actorRef, systemId } = params as SpawnParams;
      if (typeof src !== 'string' || actorRef === undefined)
        throw new MachineError('An actor must be named in setup({ actors }).');
      if (systemId !== undefined)
        throw new MachineError(`An actor has the systemId "${systemId}", which a durable run has not.`);
      // XState then makes up a name, another one in every process.
      if (actorRef.id === actorRef.sessionId)
        throw new MachineError(`An actor that is spawned needs an id ("${src}" has none).`);
      return [{ kind: 'spawn', child: actorRef.id, source: src, input }];
    }
    case 'xstate.stopChild': {
      const child = (params as { id: string } | undefined)?.id;
      return child === undefined ? [] : [{ kind: 'stop', child }];
    }
    case 'xstate.raise': {
      const { event, id, delay } = params as RaiseParams;
      // Without a delay the machine has handled it already.
      if (typeof delay !== 'number') return [];
      if (!(Math.abs(delay) <= MAX_DELAY_MS))
        throw new MachineError(`The delay of "${id ?? event.type}" is ${delay} ms, not at most ten years.`);
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

interface Child {
  readonly id: string;
  readonly sessionId: string;
}
type Children = Readonly<Record<string, Child>>;

interface SpawnParams {
  readonly src: unknown;
  readonly input: unknown;
  readonly actorRef: Child | undefined;
  readonly systemId: string | undefined;
}

interface RaiseParams {
  readonly event: EventObject;
  readonly id: string | undefined;
  readonly delay: unknown;
}
