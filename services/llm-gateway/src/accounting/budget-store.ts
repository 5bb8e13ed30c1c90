// The entries of budgets in their bucket, changed by compare-and-set. In a process one writer per entry puts everything that waits into one
// write, so that many calls at once take few round trips and lose few races. A write without an answer is simply made again: what it
// asks for changes nothing the second time (budgets.ts, B2).
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entries } from '@troupe/shared';
import { RetryableError } from '@troupe/shared';
import type { Applied, Operation } from './budgets.ts';
import { applied, Entry, FORGOTTEN_AFTER_MS, NO_ENTRY } from './budgets.ts';

export type Reserved = { readonly kind: 'reserved' } | { readonly kind: 'refused'; readonly left: number };
type Reserve = Extract<Operation, { kind: 'reserve' }>;

export interface BudgetStore extends AsyncDisposable {
  /** Rejects with RetryableError `budgets_unavailable` when its patience ends; the reservation may be stored then. */
  reserve(key: string, reservation: Omit<Reserve, 'kind'>): Promise<Reserved>;
  /** Takes a reservation away and counts what it cost. Resolves when that is stored, in vain, or given up since the store is disposed of. */
  settle(key: string, id: string, nanoUsd: number): Promise<void>;
}

export interface BudgetStoreOptions {
  /** Of the budgets' bucket. */
  readonly entries: Pick<Entries, 'read' | 'put'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: () => number;
  readonly times?: BudgetTimes;
}

/** In milliseconds. */
export interface BudgetTimes {
  readonly publish: number;
  /** How long whoever reserves waits. */
  readonly patience: number;
  /** The longest pause after a lost race; each in a row adds as much again, up to ten times. */
  readonly pause: number;
  /** How long disposing waits for what is not settled yet. */
  readonly farewell: number;
}
export const BUDGET_TIMES: BudgetTimes = { publish: 2_000, patience: 5_000, pause: 10, farewell: 2_000 };
const MOST_PAUSES = 10;

interface Waiting {
  readonly operation: Operation;
  readonly since: number;
  readonly answer: PromiseWithResolvers<Reserved>;
}
interface Stored {
  readonly entry: Entry;
  readonly revision: number;
}

export function createBudgetStore(options: BudgetStoreOptions): BudgetStore {
  const { entries, now, random, times = BUDGET_TIMES } = options;
  const writers = new Map<string, { readonly waiting: Waiting[]; readonly done: Promise<void> }>();
  let closed = false;

  function put(key: string, operation: Operation): Promise<Reserved> {
    const one = { operation, since: performance.now(), answer: Promise.withResolvers<Reserved>() };
    const writer = writers.get(key);
    if (writer !== undefined) writer.waiting.push(one);
    else {
      const waiting = [one];
      writers.set(key, { waiting, done: write(key, waiting) });
    }
    return one.answer.promise;
  }

  /** Runs for as long as somebody waits. */
  async function write(key: string, waiting: Waiting[]): Promise<void> {
    let known: Stored | undefined;
    for (let lost = 0; waiting.length > 0; ) {
      const batch = waiting.splice(0);
      const written = await attempt(key, batch, known).catch((error: unknown) => error as Error);
      if (!(written instanceof Error) && written !== undefined) {
        [known, lost] = [written, 0];
        continue;
      }
      known = undefined;
      waiting.unshift(...batch.filter((one) => !givenUp(one, written)));
      lost += 1;
      await sleep(random() * times.pause * Math.min(lost, MOST_PAUSES), undefined, { ref: false });
    }
    writers.delete(key);
  }

  /** Resolves with what is stored now, or undefined where somebody else was faster or nobody answered. */
  async function attempt(
    key: string,
    batch: readonly Waiting[],
    known: Stored | undefined,
  ): Promise<Stored | undefined> {
    const stored = known ?? (await read(key));
    const { entry, results } = together(stored.entry, batch, now());
    const changed = entry !== stored.entry;
    // What we remember may be behind what others wrote since: only a write proves it, and nobody is refused by it.
    if (known !== undefined && (!changed || results.some(({ refused }) => refused))) return undefined;
    let { revision } = stored;
    if (changed) {
      const outcome = await entries.put(key, JSON.stringify(entry), revision, times.publish);
      if (outcome.kind !== 'stored') return undefined;
      revision = outcome.seq;
    }
    for (const [index, { answer }] of batch.entries()) {
      const result = results[index];
      answer.resolve(result?.refused ? { kind: 'refused', left: result.left } : { kind: 'reserved' });
    }
    return { entry, revision };
  }

  async function read(key: string): Promise<Stored> {
    const { value, revision = 0 } = (await entries.read(key)).get(key) ?? {};
    return { entry: value === undefined ? NO_ENTRY : Entry.parse(JSON.parse(value)), revision };
  }

  /** Whether `one` waits no longer. A reservation that is settled so late is forgotten anyway. */
  function givenUp({ operation, since, answer }: Waiting, cause: Error | undefined): boolean {
    const patience = operation.kind === 'settle' ? FORGOTTEN_AFTER_MS : times.patience;
    if (!closed && performance.now() - since < patience) return false;
    answer.reject(
      new RetryableError('budgets_unavailable', 'No budget could be changed in time.', { cause }),
    );
    return true;
  }

  return {
    reserve: (key, reservation) => put(key, { kind: 'reserve', ...reservation }),
    settle: (key, id, nanoUsd) =>
      put(key, { kind: 'settle', id, nanoUsd }).then(
        () => undefined,
        () => undefined,
      ),
    async [Symbol.asyncDispose]() {
      const settled = Promise.all([...writers.values()].map(({ done }) => done));
      await Promise.race([settled, sleep(times.farewell, undefined, { ref: false })]);
      closed = true;
    },
  };
}

function together(
  entry: Entry,
  batch: readonly Waiting[],
  now: number,
): { entry: Entry; results: Applied[] } {
  const results: Applied[] = [];
  let current = entry;
  for (const { operation } of batch) {
    const result = applied(current, operation, now);
    current = result.entry;
    results.push(result);
  }
  return { entry: current, results };
}
