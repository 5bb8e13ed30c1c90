// A whole system around one log in memory: planners that race, lag and crash, workers, a clock, people who cancel. Which of them
// does what next is decided by a list of numbers, so that a failing history can be repeated and made smaller.
import type { AnyStateMachine } from 'xstate';
import type {
  EventDraft,
  LogEvent,
  MessageType,
  RequestType,
  StoredEvent,
  WorkflowRequested,
} from '@troupe/contracts';
import { eventId, isTerminal, OUTCOMES, UserId, WorkflowId } from '@troupe/contracts';
import { firedDraft } from '../clock.ts';
import { begin, fold, openTimers, owed, written } from '../core/run.ts';
import type { Run } from '../core/run-state.ts';
import { MemoryLog } from './memory-log.ts';

/** What a worker answers; which of its answers is decided by `pick`, a number below `n`. */
export type Answer = (
  request: LogEvent<RequestType>,
  pick: (n: number) => number,
) => Pick<LogEvent, 'type' | 'data'>;

const PLANNERS = 3;

export class World {
  readonly log = new MemoryLog(5);
  readonly #machine: AnyStateMachine;
  readonly #answer: Answer;
  readonly #choices: number[];
  readonly #honest: boolean;
  readonly #planners: (Run | undefined)[] = Array.from({ length: PLANNERS }, () => undefined);
  #written = 0;
  #beyond = 1;

  constructor(options: {
    readonly machine: AnyStateMachine;
    readonly request: WorkflowRequested;
    readonly answer: Answer;
    readonly choices: readonly number[];
    /** Whether every worker looks before it writes. */
    readonly honest: boolean;
  }) {
    this.#machine = options.machine;
    this.#answer = options.answer;
    this.#choices = [...options.choices];
    this.#honest = options.honest;
    this.#add('workflow.requested', options.request, 'door/1');
  }

  get isOver(): boolean {
    return this.log.events.some(({ type }) => isTerminal(type));
  }

  /** Lets anybody do anything, as long as there are choices, and then everybody what he must until the run is over. */
  live(): StoredEvent[] {
    while (this.#choices.length > 0 && !this.isOver) this.#anything();
    for (let rounds = 0; rounds < 500 && !this.isOver; rounds += 1) this.#whatMustBe();
    return this.log.events;
  }

  #anything(): void {
    const planner = this.#pick(PLANNERS);
    const acts: readonly (readonly [weight: number, act: () => void])[] = [
      [40, () => this.#write(planner)],
      [4, () => this.#follow(planner)],
      [2, () => this.#crash(planner)],
      [12, () => this.#work(this.#openRequests())],
      [16, () => this.#disturb()],
      [2, () => this.#fire()],
    ];
    const all = acts.flatMap(([weight, act]) => Array.from({ length: weight }, () => act));
    this.log.now += this.#pick(3_000);
    all[this.#pick(all.length)]?.();
  }

  #whatMustBe(): void {
    this.log.now += 10_000;
    const [planner] = this.#planners.keys();
    for (let before = -1; before < this.log.events.length; ) {
      before = this.log.events.length;
      this.#write(planner ?? 0);
    }
    if (this.isOver) return;
    const due = openTimers(this.folded()).some(({ dueAt }) => dueAt <= this.log.now);
    if (due) this.#fire();
    else this.#work(this.#openRequests());
  }

  /** The log, folded from its beginning. */
  folded(): Run {
    const [first, ...rest] = this.log.events;
    return rest.reduce(
      fold,
      begin(first as StoredEvent, () => this.#machine),
    );
  }

  /** A planner folds the next event, and no more: it lags behind. */
  #follow(planner: number): void {
    const run = this.#planners[planner];
    const next = this.log.events[run?.position.sequence ?? 0];
    if (next === undefined) return;
    this.#planners[planner] = run === undefined ? begin(next, () => this.#machine) : fold(run, next);
  }

  /** A planner writes the first thing that it believes to be owed; refused, it folds what others wrote. */
  #write(planner: number): void {
    if (this.#planners[planner] === undefined) this.#follow(planner);
    const run = this.#planners[planner] as Run;
    const [draft] = owed(run);
    if (draft === undefined) {
      this.#follow(planner);
      return;
    }
    const result = this.log.append(draft, run.position);
    this.#planners[planner] =
      result.kind === 'appended' ? written(run, draft, result.position) : result.tail.reduce(fold, run);
  }

  /** A planner forgets everything, perhaps right after a write whose answer it never saw. */
  #crash(planner: number): void {
    const run = this.#planners[planner];
    const [draft] = run === undefined ? [] : owed(run);
    if (run !== undefined && draft !== undefined && this.#pick(2) === 0) this.log.append(draft, run.position);
    this.#planners[planner] = undefined;
  }

  /** A worker answers an open request: it writes only while its request is open. */
  #work(open: readonly LogEvent<RequestType>[]): void {
    const request = open[this.#pick(open.length)];
    if (request === undefined) return;
    const { type, data } = this.#answer(request, (n) => this.#pick(n));
    this.#add(type, data, request.id);
  }

  #fire(): void {
    const run = this.folded();
    const [timer] = openTimers(run).toSorted((a, b) => a.dueAt - b.dueAt);
    const draft = timer && firedDraft(run, timer.id);
    if (timer === undefined || draft === undefined) return;
    this.log.now = Math.max(this.log.now, timer.dueAt);
    this.log.add(draft);
  }

  /** What no honest service writes, or what has nothing to do with the fold. */
  #disturb(): void {
    const old = this.log.events[this.#pick(this.log.events.length)];
    if (old === undefined || isTerminal(old.type)) return;
    const acts: readonly (() => void)[] = [
      () => this.#add('job.completed', { job_id: 'job_1', output: { text: '{}' } }, old.id),
      () =>
        this.#add('notification.created', { notification_id: 'n', level: 'info', message: 'Hi.' }, old.id),
      () =>
        this.#add(
          'workflow.signalled',
          { name: 'hello', data: { type: 'workflow.cancel_requested' } },
          'door/3',
        ),
      () => this.#add('timer.fired', { timer: old.id, due_at: new Date(0).toISOString() }, old.id),
      () => {
        if (this.#pick(4) === 0) this.#add('workflow.cancel_requested', {}, 'door/2');
      },
      () => {
        if (!this.#honest) this.#work(this.log.events.filter(isRequest));
      },
    ];
    acts[this.#pick(acts.length)]?.();
  }

  #openRequests(): LogEvent<RequestType>[] {
    const isClosed = (request: LogEvent<RequestType>): boolean =>
      this.log.events.some(
        ({ type, causationId }) =>
          causationId === request.id && (OUTCOMES[request.type] as readonly string[]).includes(type),
      );
    return this.log.events.filter(isRequest).filter((request) => !isClosed(request));
  }

  #add(type: MessageType, data: unknown, causationId: string): void {
    if (this.isOver) return;
    this.#written += 1;
    const draft = { type, data, causationId, id: eventId('world', String(this.#written)) };
    const key = { user: UserId.parse('alice'), workflow: WorkflowId.parse('wf_1') };
    this.log.add({ ...draft, ...key, source: '/test', correlationId: 'corr-1' } as unknown as EventDraft);
  }

  #pick(n: number): number {
    // Where the choices end, the history goes on by numbers that look random and are always the same.
    this.#beyond = (this.#beyond * 1_103_515_245 + 12_345) % 2 ** 31;
    return n === 0 ? 0 : (this.#choices.shift() ?? this.#beyond >> 8) % n;
  }
}

const isRequest = (event: StoredEvent): event is LogEvent<RequestType> => event.type in OUTCOMES;
