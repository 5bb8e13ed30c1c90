// What a workflow's machine can ask of the world. A machine invokes or spawns these actors by name, as in any XState program;
// here they are inert: the interpreter turns the wish into a request in the log, and the outcome in the log into the
// actor's `done` or `error`.
import type { ActorLogic, EventObject, Snapshot } from 'xstate';
import type { DataOf, EventId, RequestType } from '@troupe/contracts';

/** What the machine sees of an outcome: the body, and the id of the request that it answers. */
export type Answer<Data> = Data & { readonly request_id: EventId };

type Inert<Input, Output> = ActorLogic<Snapshot<Output>, EventObject, Input>;

function inert<Input, Output>(): Inert<Input, Output> {
  const active: Snapshot<Output> = { status: 'active', output: undefined, error: undefined };
  return {
    transition: (state) => state,
    getInitialSnapshot: () => active,
    getPersistedSnapshot: (state) => state,
  };
}

/** For `setup({ actors: effects })`. */
export const effects = {
  'memory.recall': inert<DataOf<'memory.requested'>, Answer<DataOf<'memory.completed'>>>(),
  'llm.complete': inert<DataOf<'llm.requested'>, Answer<DataOf<'llm.completed'>>>(),
  'tool.call': inert<DataOf<'tool.requested'>, Answer<DataOf<'tool.completed'>>>(),
};

/** The request that each actor stands for. The actor's input is the request's body. */
export const REQUEST_OF: Readonly<Record<string, RequestType>> = {
  'memory.recall': 'memory.requested',
  'llm.complete': 'llm.requested',
  'tool.call': 'tool.requested',
} satisfies Record<keyof typeof effects, RequestType>;

/** What tells a worker that its request was withdrawn; a recall costs nothing and is left to finish in vain. */
export const CANCELLATION_OF = {
  'memory.requested': undefined,
  'llm.requested': 'llm.cancelled',
  'tool.requested': 'tool.cancelled',
} as const satisfies Record<RequestType, string | undefined>;
