// What a stored event means to the machine: the actor's `done` or `error`, the timer's event, or a message from outside.
import type { EventObject } from 'xstate';
import type { LogEvent, StoredEvent } from '@troupe/contracts';
import { OUTCOMES } from '@troupe/contracts';
import type { Active, Tables } from './run-state.ts';

export interface Translated {
  /** Undefined for what the machine does not see. */
  readonly event: EventObject | undefined;
  /** The tables without what the event closes. */
  readonly closed: Partial<Tables>;
}

/** What an event means to the machine, and what it closes; undefined if neither. */
export function translate(state: Active, event: StoredEvent): Translated | undefined {
  switch (event.type) {
    case 'memory.completed':
    case 'llm.completed':
    case 'tool.completed':
    case 'memory.failed':
    case 'llm.failed':
    case 'tool.failed':
      return answer(state, event);
    case 'timer.fired': {
      const found = [...state.timers].find(([, { id }]) => id === event.data.timer);
      if (found === undefined) return undefined;
      const timers = new Map(state.timers);
      timers.delete(found[0]);
      return { event: found[1].event, closed: { timers } };
    }
    case 'workflow.signalled':
      return { event: { type: 'signal', ...event.data }, closed: {} };
    case 'job.completed':
    case 'job.failed':
    case 'workflow.cancel_requested':
      return { event: { type: event.type, ...event.data }, closed: {} };
    default:
      return undefined;
  }
}

type AnswerEvent = LogEvent<
  'memory.completed' | 'llm.completed' | 'tool.completed' | 'memory.failed' | 'llm.failed' | 'tool.failed'
>;

function answer(state: Active, event: AnswerEvent): Translated | undefined {
  const found = [...state.requests].find(([, { draft }]) => draft.id === event.causationId);
  if (found === undefined) return answeredInVain(state, event);
  const [child, { request }] = found;
  if (!(OUTCOMES[request] as readonly string[]).includes(event.type)) return undefined;
  const requests = new Map(state.requests);
  requests.delete(child);
  const output = { ...event.data, request_id: event.causationId };
  const actor = { actorId: child };
  const told = event.type.endsWith('.failed')
    ? { ...actor, type: `xstate.error.actor.${child}`, error: output }
    : { ...actor, type: `xstate.done.actor.${child}`, output };
  return { event: told, closed: { requests } };
}

/** A request that was stopped, and answered before its cancellation was written, is closed: nothing is left to cancel. */
function answeredInVain(state: Active, event: AnswerEvent): Translated | undefined {
  const cancellations = state.cancellations.filter(({ causationId }) => causationId !== event.causationId);
  return cancellations.length < state.cancellations.length
    ? { event: undefined, closed: { cancellations } }
    : undefined;
}
