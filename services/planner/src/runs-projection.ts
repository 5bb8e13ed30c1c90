// The projection behind the list of runs: follows the begins and ends in the log and writes the newest state of each run into the
// bucket. It decides nothing for a run, and nothing waits for it.
//  P1  What comes within LINGER_MS is written together, so that a run that begins and ends within it is written once. What is
//      delivered again is written at once.
//  P2  An entry is replaced only by a later event's, whatever is delivered twice or out of order, and whoever writes beside.
//  P3  Nothing is read in the usual case: entries of runs that are going on are remembered. What was not seen here (before a restart)
//      is read from the bucket, or else from the log.
import type { WorkflowKey } from '@troupe/contracts';
import { runSummaryKey } from '@troupe/contracts';
import type { Actor, Kernel, RunEntry, RunsView } from '@troupe/shared';
import {
  ackWaitMsOf,
  LOG_STREAM,
  RetryableError,
  RUNS_CONSUMER,
  startActor,
  UNTIL_MENDED,
} from '@troupe/shared';
import type { Begun, Change } from './run-summaries.ts';
import { changeIn, summaryAfter, together } from './run-summaries.ts';

const LINGER_MS = 300;
/** Events that may be waiting to be written. */
const CONCURRENCY = 1_024;
/** Entries of running workflows that are remembered: less than a kilobyte each. */
const REMEMBERED = 20_000;
/** Writers of one run are at most the planners that follow it for a moment beside each other. */
const PUT_ATTEMPTS = 10;

/** Follows the log until drained. */
export function startRunsProjection(kernel: Kernel, onFatal: (error: Error) => void): Actor {
  const projection = new RunsProjection({
    view: kernel.runs,
    begunOf: async (key) => {
      const [first] = await kernel.log.read.whole(key);
      if (first?.type !== 'workflow.requested') return undefined;
      const { goal, workflow_type: workflowType } = first.data;
      return { goal, workflowType, at: first.storedAt };
    },
    lingerMs: LINGER_MS,
    remembered: REMEMBERED,
  });
  return startActor({
    connection: kernel.connection,
    stream: LOG_STREAM,
    consumer: RUNS_CONSUMER,
    concurrency: CONCURRENCY,
    ackWaitMs: ackWaitMsOf(RUNS_CONSUMER),
    maxAttempts: UNTIL_MENDED,
    deadLetters: kernel.deadLetters,
    suspects: kernel.suspects,
    logger: kernel.logger,
    metrics: kernel.metrics,
    onFatal,
    handle: async (delivery) => {
      const change = changeIn(delivery);
      // What comes again may be handled alone, and then everything else waits for it.
      if (change !== undefined) await projection.take(change, { atOnce: delivery.attempt > 1 });
    },
  });
}

interface Gathered {
  change: Change;
  readonly written: PromiseWithResolvers<void>;
}

export interface RunsProjectionOptions {
  readonly view: Pick<RunsView, 'get' | 'put'>;
  /** How a run began, from the log. */
  readonly begunOf: (key: WorkflowKey) => Promise<Begun | undefined>;
  readonly lingerMs: number;
  readonly remembered: number;
}

export class RunsProjection {
  readonly #options: RunsProjectionOptions;
  #gathered = new Map<string, Gathered>();
  #lingering: NodeJS.Timeout | undefined;
  /** Entries of runs that are going on, as they stand in the bucket. */
  readonly #running = new Map<string, RunEntry>();

  constructor(options: RunsProjectionOptions) {
    this.#options = options;
  }

  /** Resolves when the bucket tells of this change or of a later one. Rejects with a RetryableError. */
  take(change: Change, { atOnce = false } = {}): Promise<void> {
    const id = runSummaryKey(change.key);
    const begins = this.#gathered.size === 0;
    const here = this.#gathered.get(id) ?? { change, written: Promise.withResolvers<void>() };
    here.change = together(here.change, change);
    this.#gathered.set(id, here);
    if (atOnce) this.#write();
    else if (begins) this.#lingering = setTimeout(() => this.#write(), this.#options.lingerMs);
    return here.written.promise;
  }

  #write(): void {
    clearTimeout(this.#lingering);
    const gathered = this.#gathered;
    this.#gathered = new Map();
    for (const [id, { change, written }] of gathered)
      this.#store(id, change).then(written.resolve, (error: unknown) => {
        this.#running.delete(id);
        written.reject(error);
      });
  }

  async #store(id: string, given: Change): Promise<void> {
    const { view } = this.#options;
    const { key, seq } = given;
    let before = await this.#entryBefore(id, given);
    for (let attempt = 1; attempt <= PUT_ATTEMPTS; attempt += 1) {
      if (before !== undefined && before.seq >= seq) return;
      const change = before?.summary === undefined ? await this.#withBegin(given) : given;
      const summary = summaryAfter(change, before?.summary);
      const put = await view.put(key, { summary, seq }, before?.revision ?? 0);
      if (put.kind === 'stored') {
        this.#remember(id, { summary, seq, revision: put.revision });
        return;
      }
      before = await view.get(key);
    }
    throw new RetryableError(
      'runs_contended',
      `${PUT_ATTEMPTS} writes of one entry of the list were refused.`,
    );
  }

  /** What is remembered; what was told already is delivered again after a fault, or because the bucket was emptied. */
  async #entryBefore(id: string, { key, seq, begun }: Change): Promise<RunEntry | undefined> {
    const remembered = this.#running.get(id);
    if (remembered === undefined) return begun === undefined ? this.#options.view.get(key) : undefined;
    return remembered.seq < seq ? remembered : this.#options.view.get(key);
  }

  async #withBegin(change: Change): Promise<Change> {
    const begun = change.begun ?? (await this.#options.begunOf(change.key));
    return begun === undefined ? change : { ...change, begun };
  }

  #remember(id: string, entry: RunEntry): void {
    this.#running.delete(id);
    if (entry.summary?.status !== 'running') return;
    this.#running.set(id, entry);
    const [oldest] = this.#running.keys();
    if (this.#running.size > this.#options.remembered && oldest !== undefined) this.#running.delete(oldest);
  }
}
