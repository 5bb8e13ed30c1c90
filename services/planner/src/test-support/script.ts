// What happens to runs, of the built-in type or another, whose logs are in memory, told step by step: what somebody asks, what workers answer.
import type { AnyStateMachine } from 'xstate';
import type {
  DataOf,
  EventDraft,
  MessageType,
  RequestType,
  StoredEvent,
  WorkflowKey,
} from '@troupe/contracts';
import { eventId, UserId, WorkflowId } from '@troupe/contracts';
import { Runs } from '../runs.ts';
import { agentMachine } from '../workflows/agent-machine.ts';
import { automation } from '../workflows/automation.ts';
import { MemoryKernel } from './memory-kernel.ts';
import { requested, says } from './turns.ts';

const shipped = agentMachine(automation);
const user = UserId.parse('alice');

export const keyOf = (workflow: string): WorkflowKey => ({ user, workflow: WorkflowId.parse(workflow) });

/** The log of a run whose model answers at once. */
export const SHORTEST = [
  ...['workflow.requested', 'memory.requested', 'memory.completed', 'llm.requested', 'llm.completed'],
  'workflow.completed',
];

export class Script {
  readonly kernel = new MemoryKernel();
  /** How often planners told that work may be in vain. */
  knocks = 0;
  readonly #machine: AnyStateMachine;
  #written = 0;

  constructor(machine: AnyStateMachine = shipped) {
    this.#machine = machine;
  }

  planner(cached = 100): Runs {
    const { append, read, clock } = this.kernel;
    const knock = (): void => void (this.knocks += 1);
    const ended = (): void => undefined;
    return new Runs({ append, read, clock, knock, ended, machineFor: () => this.#machine, cached });
  }

  draftOf<Type extends MessageType>(
    workflow: string,
    type: Type,
    data: DataOf<Type>,
    causationId = 'outside',
  ): EventDraft {
    this.#written += 1;
    return {
      ...{ type, data, causationId, id: eventId('test', `${this.#written}`) },
      ...{ ...keyOf(workflow), source: '/test', correlationId: workflow },
    } as unknown as EventDraft;
  }

  /** Stores an event from outside; nobody is told. */
  store<Type extends MessageType>(
    workflow: string,
    type: Type,
    data: DataOf<Type>,
    cause?: string,
  ): StoredEvent {
    return this.kernel.log(keyOf(workflow)).add(this.draftOf(workflow, type, data, cause));
  }

  begin(workflow = 'wf_1'): StoredEvent {
    return this.store(workflow, 'workflow.requested', requested());
  }

  types(workflow = 'wf_1'): string[] {
    return this.kernel.log(keyOf(workflow)).events.map(({ type }) => type);
  }

  /** Stores what answers the newest request of a type. */
  answer<Type extends MessageType>(
    of: RequestType,
    type: Type,
    data: DataOf<Type>,
    workflow = 'wf_1',
  ): StoredEvent {
    const request = this.kernel.log(keyOf(workflow)).events.findLast((event) => event.type === of);
    return this.store(workflow, type, data, request?.id);
  }

  recalled(workflow?: string): StoredEvent {
    return this.answer('memory.requested', 'memory.completed', { snippets: [] }, workflow);
  }

  answered(workflow?: string): StoredEvent {
    return this.answer('llm.requested', 'llm.completed', says('42'), workflow);
  }

  async toTheEnd(runs: Runs, workflow = 'wf_1'): Promise<void> {
    await runs.deliver(this.begin(workflow));
    await runs.deliver(this.recalled(workflow));
    await runs.deliver(this.answered(workflow));
  }
}
