// Given these events, when that one comes, then this is owed: one run, folded event by event, over a log in memory. Owed events
// are only written when the story says `settled`.
import type { AnyStateMachine } from 'xstate';
import type {
  DataOf,
  EventDraft,
  LogEvent,
  MessageType,
  RequestType,
  StoredEvent,
  TerminalType,
  WorkflowRequested,
} from '@troupe/contracts';
import { eventId, isTerminal, UserId, WorkflowId } from '@troupe/contracts';
import { begin, fold, openTimers, owed, written } from '../core/run.ts';
import type { Run } from '../core/run-state.ts';
import { MemoryLog } from './memory-log.ts';
import { requested } from './turns.ts';

type Outcome =
  | 'memory.completed'
  | 'memory.failed'
  | 'llm.completed'
  | 'llm.failed'
  | 'tool.completed'
  | 'tool.failed';

export interface Owed {
  readonly type: string;
  readonly data: unknown;
}

export class Story {
  readonly log = new MemoryLog();
  readonly user = UserId.parse('alice');
  readonly workflow = WorkflowId.parse('wf_1');
  run: Run;
  readonly #machine: AnyStateMachine;
  #written = 0;

  /** The run has begun; nothing that it owes is written. */
  constructor(machine: AnyStateMachine, request: WorkflowRequested = requested()) {
    this.#machine = machine;
    const first = this.log.add(this.#draft('workflow.requested', request, 'door/1'));
    this.run = begin(first, () => machine);
  }

  /** Something from outside: a timer, a cancellation, news of a job, or any event as it stands. */
  receives<Type extends MessageType>(type: Type, data: DataOf<Type>, causationId = 'outside'): this {
    return this.folds(this.log.add(this.#draft(type, data, causationId)));
  }

  /** The outcome of the n-th (from 0) request of its kind that the log holds, answered or not. */
  answers<Type extends Outcome>(type: Type, data: DataOf<Type>, nth = -1): this {
    const request = this.requests(requestOf(type)).at(nth);
    if (request === undefined) throw new Error(`there is no request ${nth} for ${type} to answer`);
    return this.receives(type, data, request.id);
  }

  /** A timer of the run fires; without a name, its only one. */
  timer(name?: string): this {
    const timer = openTimers(this.run).find(({ event }) => name === undefined || event.type === name);
    if (timer === undefined) throw new Error('no such timer is open');
    this.log.now = timer.dueAt;
    return this.receives(
      'timer.fired',
      { timer: timer.id, due_at: new Date(timer.dueAt).toISOString() },
      timer.id,
    );
  }

  folds(event: StoredEvent): this {
    this.run = fold(this.run, event);
    this.log.now += 1_000;
    return this;
  }

  /** The planner writes everything that it owes. */
  settled(): this {
    for (let [draft] = owed(this.run); draft !== undefined; [draft] = owed(this.run)) {
      const event = this.log.add(draft);
      this.run = written(this.run, draft, event.position);
    }
    return this;
  }

  owed(): Owed[] {
    return owed(this.run).map(({ type, data }) => ({ type, data }));
  }

  owedTypes(): string[] {
    return owed(this.run).map(({ type }) => type);
  }

  /** The first owed event of this type, with its data. */
  owes<Type extends MessageType>(type: Type): EventDraft<Type> {
    const draft = owed(this.run).find((event) => event.type === type);
    if (draft === undefined)
      throw new Error(`${type} is not owed, but ${this.owedTypes().join(', ') || 'nothing'}`);
    return draft as EventDraft<Type>;
  }

  /** The terminal event, owed or in the log. */
  get ending(): EventDraft<TerminalType> | LogEvent<TerminalType> | undefined {
    const all: readonly (EventDraft | StoredEvent)[] = [...this.log.events, ...owed(this.run)];
    return all.find(({ type }) => isTerminal(type)) as EventDraft<TerminalType> | undefined;
  }

  requests<Type extends RequestType>(type: Type): LogEvent<Type>[] {
    return this.log.events.filter((event) => event.type === type) as LogEvent<Type>[];
  }

  /** The same log, folded from its beginning. */
  refolded(): Run {
    const [first, ...rest] = this.log.events;
    return rest.reduce(
      fold,
      begin(first as StoredEvent, () => this.#machine),
    );
  }

  #draft<Type extends MessageType>(type: Type, data: DataOf<Type>, causationId: string): EventDraft {
    this.#written += 1;
    const { user, workflow } = this;
    const id = eventId('story', String(this.#written));
    return {
      type,
      data,
      id,
      user,
      workflow,
      causationId,
      source: '/test',
      correlationId: 'corr-1',
    } as EventDraft;
  }
}

const requestOf = (outcome: Outcome): RequestType =>
  `${outcome.split('.')[0] ?? ''}.requested` as RequestType;
