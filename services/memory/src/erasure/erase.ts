// The work of an erasure: a record, a run, or everything of a user. It may end anywhere and begin again: each part leaves what the next ones
// need, and does nothing where it was done before.
//  E1  Nothing is erased of a run that goes on: it is cancelled, and everybody who reads its log is done with it.
//  E2  The skeleton of a run is in the archive before anything of the run is gone.
//  E3  The log goes last, since it leads to everything else; within it the end of the run, so that it never looks as if it went on.
//  E4  What began behind the bounds of the job is a new life, and stays.
//  E5  What remains of the user's memory moves out of the collection that held what is forgotten. That is a rebuild's work, asked for before
//      the erasure ends: however many erasures follow each other, it is done once behind them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErasureJob, UserId, WorkflowId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { ARCHIVE_STREAM, DOOR_STREAM, LOG_STREAM } from '@troupe/shared';
import type { JobMeans, JobWork } from '../jobs/jobs.ts';
import { withoutWait } from '../jobs/perform-job.ts';
import { REBUILD } from '../queries.ts';
import type { Keyring } from '../sealing/keyring.ts';
import type { MemoryStore } from '../store.ts';
import { archiveRun } from './archive-run.ts';
import type { Extent } from './belongings.ts';
import { findByWorkflow, findLettersAndRequests } from './belongings.ts';
import { endRun } from './end-run.ts';
import type { ForgottenRecords } from './forgotten.ts';
import { findObject, objectsIn, objectsOf } from './objects.ts';
import { settled } from './settled.ts';
import type { Runs, StoredRuns } from './stored-runs.ts';
import { isEnd, openStoredRuns } from './stored-runs.ts';
import type { Found, Streams } from './streams.ts';
import { openStreams } from './streams.ts';

export interface ErasureOptions {
  readonly kernel: Pick<Kernel, 'connection' | 'publisher'>;
  readonly store: Pick<MemoryStore, 'forgetRecord' | 'forgetWorkflow' | 'forgetUser'>;
  readonly keyring: Pick<Keyring, 'destroy'>;
  readonly forgotten: Pick<ForgottenRecords, 'add' | 'clear'>;
  /** Default: those below. */
  readonly times?: Partial<ErasureTimes>;
}

export interface ErasureTimes {
  /** How long one attempt waits for a run to end. */
  readonly endMs: number;
  /** How long the readers of a stream may take to be done with what is erased. */
  readonly settleMs: number;
  /** What a reader that is not done by then takes at most to let go of what it had in hand. */
  readonly inHandMs: number;
}

const TIMES: ErasureTimes = { endMs: 30_000, settleMs: 60_000, inHandMs: 10_000 };

export function createErase(options: ErasureOptions): JobWork<ErasureJob> {
  const streams = openStreams(options.kernel);
  const runs = openStoredRuns(options.kernel.connection, streams);
  const whole = { ...options, streams, runs, times: { ...TIMES, ...options.times } };
  return async (user, job, means) => {
    switch (job.scope.kind) {
      case 'record':
        await options.forgotten.add(user, job.scope.record_id);
        if ((await options.store.forgetRecord(user, job.scope.record_id)).rebuilding)
          await means.ask(REBUILD);
        return;
      case 'workflow':
        return new Erasure(whole, { user, workflow: job.scope.workflow_id }, { job, means }).perform();
      case 'user':
        return new Erasure(whole, { user, workflow: undefined }, { job, means }).perform();
    }
  };
}

interface Whole extends ErasureOptions {
  readonly streams: Streams;
  readonly runs: StoredRuns;
  readonly times: ErasureTimes;
}

class Erasure {
  readonly #with: Whole;
  readonly #of: { readonly user: UserId; readonly workflow: WorkflowId | undefined };
  readonly #means: JobMeans<ErasureJob>;
  #job: ErasureJob;

  constructor(
    whole: Whole,
    of: { readonly user: UserId; readonly workflow: WorkflowId | undefined },
    { job, means }: { readonly job: ErasureJob; readonly means: JobMeans<ErasureJob> },
  ) {
    this.#with = whole;
    this.#of = of;
    this.#means = means;
    this.#job = job;
  }

  async perform(): Promise<void> {
    const { bounds, signal, ask } = this.#means;
    const { settleMs, inHandMs } = this.#with.times;
    // What waits at the door becomes a run first, whose log leads to the rest.
    await this.#settled({ stream: DOOR_STREAM, seq: bounds[DOOR_STREAM] ?? 0 }, settleMs);
    const earlier = await this.#begin();
    const last = await this.#endRuns(earlier);
    const isSettled = await this.#settled({ stream: LOG_STREAM, seq: last }, settleMs);

    const extent = await this.#archive(earlier);
    await this.#eraseBelongings(extent);
    for (const workflow of earlier) await this.#eraseLog(workflow);
    if (!isSettled) await sleep(inHandMs, undefined, { signal });
    const { rebuilding } = await this.#forget();
    // What a new life left meanwhile may have gone with the old one's memory.
    if (rebuilding || (await this.#runs()).later.length > 0) await ask(REBUILD);
  }

  async #begin(): Promise<readonly WorkflowId[]> {
    const { earlier } = await this.#runs();
    const { erased } = this.#job.workflows;
    await this.#progress({ workflows: { erased, total: erased + earlier.length } });
    return earlier;
  }

  /** Resolves with where the logs end. */
  async #endRuns(workflows: readonly WorkflowId[]): Promise<number> {
    const { runs, kernel, times } = this.#with;
    let last = 0;
    for (const workflow of workflows) {
      const key = { user: this.#of.user, workflow };
      const { isEnded } = await runs.end(key);
      if (!isEnded) await this.#progress({ waits_for: `the end of the workflow ${workflow}` });
      const within = { withinMs: times.endMs, signal: this.#means.signal };
      last = Math.max(last, await endRun(key, { runs, publisher: kernel.publisher }, within));
    }
    return last;
  }

  async #settled(at: { readonly stream: string; readonly seq: number }, withinMs: number): Promise<boolean> {
    if (at.seq === 0) return true;
    const within = { withinMs, signal: this.#means.signal };
    return settled(this.#with.kernel.connection, at, within);
  }

  async #archive(
    workflows: readonly WorkflowId[],
  ): Promise<Extent & { readonly objects: ReadonlySet<string> }> {
    const { runs, streams, kernel } = this.#with;
    const { user, workflow } = this.#of;
    const archive = streams.reader(ARCHIVE_STREAM);
    const causes = new Set<number>();
    const objects = new Set<string>();
    for (const one of workflows) {
      const events = await runs.events({ user, workflow: one });
      await archiveRun({ user, workflow: one }, events, {
        ...{ archive, publisher: kernel.publisher },
        now: () => new Date(),
      });
      for (const event of events) causes.add((await runs.causedAtDoor(event)) ?? 0);
      for (const object of objectsIn(events, user)) objects.add(object);
    }
    return { user, workflow, runs: new Set(workflows), causes, objects, bounds: this.#means.bounds };
  }

  async #eraseBelongings(extent: Extent & { readonly objects: ReadonlySet<string> }): Promise<void> {
    const { streams } = this.#with;
    for (const found of await findLettersAndRequests(streams, extent)) await this.#erase(found);
    await this.#eraseObjects(extent);
    const later = async (): Promise<readonly WorkflowId[]> => (await this.#runs()).later;
    for (const found of await findByWorkflow(streams, this.#of, later)) await this.#erase(found);
  }

  async #eraseObjects(extent: Extent & { readonly objects: ReadonlySet<string> }): Promise<void> {
    const { runs, streams } = this.#with;
    const { user, workflow } = this.#of;
    const objects = new Set(workflow === undefined ? await objectsOf(streams, user) : extent.objects);
    if (objects.size === 0) return;
    const { earlier, later } = await runs.of(user, this.#means.bounds);
    for (const other of [...earlier, ...later].filter((one) => !extent.runs.has(one))) {
      for (const held of objectsIn(await runs.events({ user, workflow: other }), user)) objects.delete(held);
    }
    for (const object of objects) await this.#erase(await findObject(streams, object));
  }

  async #eraseLog(workflow: WorkflowId): Promise<void> {
    const events = await this.#with.runs.events({ user: this.#of.user, workflow });
    const [ends, others] = [events.filter(isEnd), events.filter((event) => !isEnd(event))];
    for (const part of [others, ends])
      await this.#erase({ stream: LOG_STREAM, seqs: part.map(({ seq }) => seq) });
    const { erased, total } = this.#job.workflows;
    await this.#progress({ workflows: { erased: erased + 1, total: Math.max(total, erased + 1) } });
  }

  async #forget(): Promise<{ readonly rebuilding: boolean }> {
    const { store, keyring, forgotten } = this.#with;
    const { user, workflow } = this.#of;
    if (workflow !== undefined) return store.forgetWorkflow(user, workflow);
    await store.forgetUser(user);
    await keyring.destroy(user);
    await forgotten.clear(user);
    return { rebuilding: false };
  }

  /** Those that the erasure is about. */
  #runs(): Promise<Runs> {
    return this.#with.runs.of(this.#of.user, this.#means.bounds, this.#of.workflow);
  }

  async #erase(found: Found): Promise<void> {
    if (found.seqs.length === 0) return;
    const erased = await this.#with.streams.erase(found, this.#means.signal);
    await this.#progress({ messages_erased: this.#job.messages_erased + erased });
  }

  async #progress(change: Partial<ErasureJob>): Promise<void> {
    this.#job = { ...withoutWait(this.#job), ...change };
    await this.#means.progress(this.#job);
  }
}
