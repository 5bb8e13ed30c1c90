// The planner's runs: one mailbox and at most one folded Run per workflow. A delivered event only says how far the log reaches;
// order comes from the log, safety from compare-and-set, and memory is a cache that may be dropped at any time.
//  P1  The event right behind the fold is folded without a read; what is not behind the fold was folded already; further on, the
//      tail is read first. The stream's sequence tells, since a workflow's own begins anew where its log was erased.
//  P2  Owed events are written one at a time behind the fold; a refusal means others wrote, so fold theirs and look again.
//  P3  Timers are set beside the first effect that they guard, and before the delivery that opened them is done with; they are withdrawn
//      when nothing is owed.
//  P4  What was stopped is told to whoever is at work on it, after the log says so.
//  P5  Memory may be of a log that was erased, and of a run that was requested again since: what cannot be gone on from is forgotten,
//      and the log is asked once more.
import type {
  EventDraft,
  Position,
  RawMessage,
  StoredEvent,
  TerminalType,
  WorkflowKey,
} from '@troupe/contracts';
import { ContractError, isTerminal } from '@troupe/contracts';
import type { Append, Appended, LogReader } from '@troupe/shared';
import type { Clock } from './clock.ts';
import type { MachineFor } from './core/run.ts';
import { begin, fold, openTimers, owed, written } from './core/run.ts';
import type { OpenTimer, Run } from './core/run-state.ts';
import { PLANNER } from './core/sources.ts';
import type { RunObserver } from './observe-runs.ts';

export interface RunsOptions {
  readonly append: Append;
  readonly read: LogReader;
  readonly machineFor: MachineFor;
  readonly clock: Clock;
  /** Tells the services that work for this workflow may be in vain; see the kernel's aborts. */
  readonly knock: (key: WorkflowKey) => void;
  /** Told at most once per run, by the process that ended it: an append whose answer was lost is not told of. */
  readonly ended: RunObserver['ended'];
  /** Folded runs kept in memory; the least recently used goes first. */
  readonly cached: number;
}

interface Mailbox {
  last: Promise<unknown>;
  waiting: number;
  run: Run | undefined;
  /** Timers that this process has set, by id. */
  readonly set: Map<string, OpenTimer>;
}

export class Runs {
  readonly #options: RunsOptions;
  readonly #mailboxes = new Map<string, Mailbox>();
  /** Where runs ended in the stream, so that a late event costs no read. */
  readonly #ended = new Map<string, number>();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Takes in a delivered event and writes what the run then owes. Resolves when nothing is owed; undefined: the event was late. */
  deliver(event: StoredEvent): Promise<Run | undefined> {
    return this.#inOrder(event, async (mailbox, id) => {
      const end = this.#ended.get(id);
      if (end !== undefined && event.position.seq <= end) return undefined;
      // Whoever ended the run past the fold may have done so because it cannot be folded.
      if (isTerminal(event.type)) {
        this.#close(mailbox, id, event);
        return;
      }
      return this.#settle(mailbox, id, await this.#upTo(mailbox.run, event));
    });
  }

  /**
   * Records something from outside (a cancellation, a timer) in a run's log if `draftFor` the folded run wants it; it is given
   * undefined where nothing is stored. The fold takes it in when it is delivered, since only then its stream time is known.
   * Where nothing is recorded, what the run owes is written: a run whose delivery was given up goes on from here.
   */
  record(key: WorkflowKey, draftFor: (run: Run | undefined) => EventDraft | undefined): Promise<void> {
    const { read } = this.#options;
    return this.#inOrder(key, async (mailbox, id) => {
      let isNewest = mailbox.run === undefined;
      let run = mailbox.run ?? this.#foldAll(undefined, await read.whole(key));
      for (;;) {
        const draft = draftFor(run);
        if (run === undefined) return;
        if (draft !== undefined) {
          // What is told to a run often comes in bursts: the next begins where this one was.
          mailbox.run = run;
          const result = await this.#append(run, draft);
          if (result.kind !== 'conflict') return;
          run = this.#foldAll(run, result.tail);
        } else if (isNewest) {
          await this.#settle(mailbox, id, run);
          return;
        } else {
          // Memory may accept, never refuse: another planner may have taken the run further, to where the timer was set.
          isNewest = true;
          const head = await read.headSeq(key);
          if (head > run.position.seq) run = this.#foldAll(run, await read.tail(run.position.seq, head));
        }
      }
    });
  }

  async #upTo(run: Run | undefined, event: StoredEvent): Promise<Run> {
    const { read, machineFor } = this.#options;
    if (run === undefined) {
      if (event.position.sequence === 1) return begin(event, machineFor);
      return this.#foldAll(undefined, await read.whole(event, event.position.seq)) as Run;
    }
    if (event.position.seq <= run.position.seq) return run;
    if (event.previous === run.position.seq) return fold(run, event);
    return this.#foldAll(run, await read.tail(run.position.seq, event.position.seq)) as Run;
  }

  #foldAll(run: Run | undefined, events: readonly StoredEvent[]): Run | undefined {
    return events.reduce<Run | undefined>(
      (folded, event) =>
        folded === undefined ? begin(event, this.#options.machineFor) : fold(folded, event),
      run,
    );
  }

  async #append(run: Run, draft: EventDraft): Promise<Appended> {
    const result = await this.#options.append(draft, { after: run.position });
    if (result.kind === 'appended' && isTerminal(draft.type))
      this.#options.ended(run, (draft as EventDraft<TerminalType>).data);
    // Now or never: it is not owed again, whatever becomes of what is done beside it.
    if (result.kind !== 'conflict' && stopsWork(run, draft)) this.#options.knock(run);
    return result;
  }

  async #settle(mailbox: Mailbox, id: string, start: Run): Promise<Run> {
    let run = start;
    this.#ended.delete(id);
    for (;;) {
      mailbox.run = run;
      const [draft] = owed(run);
      // Both to their end: nothing of this turn may still be under way when the mailbox goes on.
      const [set, appended] = await Promise.allSettled([
        this.#setTimers(mailbox, run),
        draft && this.#append(run, draft),
      ]);
      if (set.status === 'rejected') throw set.reason;
      if (appended.status === 'rejected') throw appended.reason;
      const result = appended.value;
      if (draft === undefined || result === undefined) break;
      run =
        result.kind === 'appended'
          ? written(run, draft, result.position)
          : (this.#foldAll(run, result.tail) as Run);
    }
    if (run.state.kind !== 'ended') {
      this.#clearTimers(mailbox, run);
      return run;
    }
    this.#close(mailbox, id, run);
    return run;
  }

  /** The run is over: nothing of it is kept but where it ended. */
  #close(mailbox: Mailbox, id: string, end: WorkflowKey & { readonly position: Position }): undefined {
    this.#options.clock.clearAll(end);
    mailbox.set.clear();
    mailbox.run = undefined;
    this.#ended.set(id, end.position.seq);
    for (const [oldest] of this.#ended) {
      if (this.#ended.size <= this.#options.cached) break;
      this.#ended.delete(oldest);
    }
  }

  async #setTimers({ set }: Mailbox, run: Run): Promise<void> {
    for (const timer of openTimers(run)) {
      if (set.has(timer.id)) continue;
      await this.#options.clock.set(run, timer);
      set.set(timer.id, timer);
    }
  }

  /** Only when nothing is owed any more: until then a timer is what brings a run back that nobody delivers. */
  #clearTimers({ set }: Mailbox, run: Run): void {
    const open = new Set<string>(openTimers(run).map(({ id }) => id));
    for (const [id, timer] of set) {
      if (open.has(id)) continue;
      set.delete(id);
      this.#options.clock.clear(run, timer);
    }
  }

  #inOrder<T>(key: WorkflowKey, task: (mailbox: Mailbox, id: string) => Promise<T>): Promise<T> {
    const id = `${key.user}/${key.workflow}`;
    const mailbox = this.#mailboxes.get(id) ?? {
      last: Promise.resolve(),
      waiting: 0,
      run: undefined,
      set: new Map(),
    };
    // Moves the mailbox to the young end of the map, which is kept in order of use.
    this.#mailboxes.delete(id);
    this.#mailboxes.set(id, mailbox);
    mailbox.waiting += 1;
    const done = mailbox.last.then(() => fromMemoryOrLog(mailbox, () => task(mailbox, id)));
    const settled = done.then(
      () => this.#leave(mailbox, id),
      () => {
        // What failed half-way is folded anew from the log.
        mailbox.run = undefined;
        this.#leave(mailbox, id);
      },
    );
    mailbox.last = settled;
    return done;
  }

  #leave(mailbox: Mailbox, id: string): void {
    mailbox.waiting -= 1;
    if (mailbox.waiting === 0 && mailbox.run === undefined) this.#mailboxes.delete(id);
    for (const [oldest, { waiting }] of this.#mailboxes) {
      if (this.#mailboxes.size <= this.#options.cached) break;
      if (waiting === 0) this.#mailboxes.delete(oldest);
    }
  }
}

/** P5. Of the timers, too: those of a run's first event have the same ids in its next life. */
async function fromMemoryOrLog<T>(mailbox: Mailbox, task: () => Promise<T>): Promise<T> {
  if (mailbox.run === undefined) return task();
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    mailbox.run = undefined;
    mailbox.set.clear();
    return task();
  }
}

/** Whether somebody may be at work on what `draft` puts an end to; a job in the background outlives its call. */
const stopsWork = ({ state, jobs }: Run, { type }: EventDraft): boolean =>
  type.endsWith('.cancelled') || (state.kind === 'ending' && (state.atWork || jobs.size > 0));

/** Whether the fold must be told of an event: of the types that reach it (newsFilters) it writes some itself. */
export const isNews = ({ header }: RawMessage): boolean => header('ce-source') !== PLANNER;
