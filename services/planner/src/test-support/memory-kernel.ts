// What Runs and Door need of the kernel, over logs in memory, with faults on demand: for what a real server would not do when it
// is wanted. The real server is in planner.test.ts.
import type { EventDraft, StoredEvent, WorkflowKey } from '@troupe/contracts';
import { ContractError } from '@troupe/contracts';
import type { Append, Appended, LogReader } from '@troupe/shared';
import { RetryableError } from '@troupe/shared';
import type { Clock } from '../clock.ts';
import { MemoryLog } from './memory-log.ts';

export class MemoryKernel {
  readonly #logs = new Map<string, MemoryLog>();
  /** What was done, in order: `set <event type>`, `clear <event type>`, `append <type>`, `whole`, `tail`, `head`. */
  readonly done: string[] = [];
  /** Called with every draft before (`stored: false`) and after it is stored; what it throws, the caller of append gets. */
  fault: (draft: EventDraft, stored: boolean) => void = () => undefined;
  /** How long everything takes. */
  pause: () => Promise<void> = () => Promise.resolve();

  log(key: WorkflowKey): MemoryLog {
    const id = `${key.user}/${key.workflow}`;
    const log = this.#logs.get(id) ?? new MemoryLog();
    this.#logs.set(id, log);
    return log;
  }

  readonly append: Append = async (draft, { after }): Promise<Appended> => {
    await this.pause();
    this.fault(draft, false);
    const result = this.log(draft).append(draft, after);
    if (result.kind === 'appended') this.done.push(`append ${draft.type}`);
    else assertMet(result.tail, after.seq);
    this.fault(draft, true);
    await this.pause();
    return result;
  };

  readonly read = {
    whole: async (key: WorkflowKey) => {
      this.done.push('whole');
      await this.pause();
      return [...this.log(key).events];
    },
    tail: async (after: number, upTo: number) => {
      this.done.push('tail');
      await this.pause();
      return this.#behind(after, upTo);
    },
    headSeq: async (key: WorkflowKey) => {
      this.done.push('head');
      await this.pause();
      return this.log(key).events.at(-1)?.position.seq ?? 0;
    },
    head: async (key: WorkflowKey) => {
      this.done.push('head');
      await this.pause();
      return this.log(key).events.at(-1);
    },
  } as unknown as LogReader;

  readonly clock: Clock = {
    set: async (_, { event }) => {
      await this.pause();
      this.done.push(`set ${event.type}`);
    },
    clear: (_, { event }) => {
      this.done.push(`clear ${event.type}`);
    },
    clearAll: () => {
      this.done.push('clear all');
    },
  };

  /** By walking back from the event at `upTo`, as the kernel does. */
  #behind(after: number, upTo: number): StoredEvent[] {
    const all = [...this.#logs.values()].map(({ events }) => events);
    const events = all.find((log) => log.some(({ position }) => position.seq === upTo)) ?? [];
    const behind = events.filter(({ position }) => position.seq > after && position.seq <= upTo);
    assertMet(behind, after);
    return behind;
  }
}

/** What was erased cannot be walked back over. */
function assertMet([first]: readonly StoredEvent[], after: number): void {
  if (first !== undefined && first.previous !== after)
    throw new ContractError(`the log does not hold event ${after}`);
}

export const unavailable = (): never => {
  throw new RetryableError('log_unavailable', 'No decision.');
};
