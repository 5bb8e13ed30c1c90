// The work of an erasure: a record, a run, or everything of a user. It may end anywhere and begin again: each part leaves what the next ones
// need, and does nothing where it was done before.
//  E1  Nothing is erased of a run that goes on: it is cancelled, and everybody who reads the log is done with it. One that cannot be
//      ended yet keeps the erasure waiting, and no other run.
//  E2  The skeleton of a run is in the archive before anything of the run is gone; an event that is not in it stays.
//  E3  The log goes last, since it leads to everything else; within it the end of the run, so that it never looks as if it went on.
//  E4  What began behind the bounds of the job is a new life, and stays.
//  E5  What remains of the user's memory moves out of the collection that held what is forgotten. That is a rebuild's work, asked for before
//      the erasure ends: however many erasures follow each other, it is done once behind them.
//  E6  What is written while it erases is found by the next pass: it ends with one that finds nothing, behind everybody who had something
//      in hand.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErasureJob, RawMessage, UserId, WorkflowId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { ARCHIVE_STREAM, DOOR_STREAM, LOG_STREAM, RetryableError } from '@troupe/shared';
import type { JobMeans, JobWork } from '../jobs/jobs.ts';
import { withoutWait } from '../jobs/perform-job.ts';
import { REBUILD } from '../queries.ts';
import type { Keyring } from '../sealing/keyring.ts';
import type { MemoryStore } from '../store.ts';
import { archiveRun } from './archive-run.ts';
import type { Extent, LogSeqs } from './belongings.ts';
import { findByWorkflow, findLettersAndRequests } from './belongings.ts';
import { endRuns, goingOnAmong } from './end-run.ts';
import type { ForgottenRecords } from './forgotten.ts';
import { findObject, findUnnamedChunks, objectsIn, objectsOf } from './objects.ts';
import { settled } from './settled.ts';
import type { Runs, StoredRuns } from './stored-runs.ts';
import { isEnd, openStoredRuns } from './stored-runs.ts';
import type { Found, Streams } from './streams.ts';
import { openStreams } from './streams.ts';

export interface ErasureOptions {
  readonly kernel: Pick<Kernel, 'connection' | 'publisher' | 'log'>;
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
    let pass = await this.#pass({ isFirst: true });
    while (!pass.isSettled || pass.hasErased) {
      if (!pass.isSettled) await sleep(inHandMs, undefined, { signal });
      pass = await this.#pass({ isFirst: false });
    }
    const { rebuilding } = await this.#forget();
    // What a new life left meanwhile may have gone with the old one's memory.
    if (rebuilding || (await this.#runs()).later.length > 0) await ask(REBUILD);
  }

  /** Erases what there is now. An attempt that goes on from another one does not know whether the readers were done: it asks, too. */
  async #pass({
    isFirst,
  }: {
    readonly isFirst: boolean;
  }): Promise<{ isSettled: boolean; hasErased: boolean }> {
    const before = this.#job.messages_erased;
    const { earlier } = await this.#runs();
    if (earlier.length > 0) {
      const { erased } = this.#job.workflows;
      await this.#progress({ workflows: { erased, total: erased + earlier.length } });
    }
    const goingOn = new Set(await this.#endRuns(earlier));
    const ended = earlier.filter((workflow) => !goingOn.has(workflow));
    const isSettled = (!isFirst && ended.length === 0) || (await this.#logSettled());

    const extent = await this.#archive(ended, goingOn);
    await this.#eraseBelongings(extent);
    for (const log of extent.logs.values()) await this.#eraseLog(log);
    const [first] = goingOn;
    if (first !== undefined) throw notEnded(first, goingOn.size - 1);
    return { isSettled, hasErased: ended.length > 0 || this.#job.messages_erased > before };
  }

  /** Resolves with those that go on. */
  async #endRuns(workflows: readonly WorkflowId[]): Promise<WorkflowId[]> {
    const { runs, kernel, times } = this.#with;
    const keys = workflows.map((workflow) => ({ user: this.#of.user, workflow }));
    const goingOn = await goingOnAmong(keys, runs);
    const [first] = goingOn;
    if (first === undefined) return [];
    await this.#progress({ waits_for: `the end of ${named(first.workflow, goingOn.length - 1)}` });
    const means = { runs, kernel, withinMs: times.endMs, signal: this.#means.signal };
    return (await endRuns(goingOn, means)).map(({ workflow }) => workflow);
  }

  async #logSettled(): Promise<boolean> {
    const { streams, times } = this.#with;
    return this.#settled({ stream: LOG_STREAM, seq: await streams.end(LOG_STREAM) }, times.settleMs);
  }

  async #settled(at: { readonly stream: string; readonly seq: number }, withinMs: number): Promise<boolean> {
    if (at.seq === 0) return true;
    const within = { withinMs, signal: this.#means.signal };
    return settled(this.#with.kernel.connection, at, within);
  }

  async #archive(workflows: readonly WorkflowId[], goingOn: ReadonlySet<WorkflowId>): Promise<Extent> {
    const { runs, streams, kernel } = this.#with;
    const { user, workflow } = this.#of;
    const archive = streams.reader(ARCHIVE_STREAM);
    const logs = new Map<WorkflowId, LogSeqs>();
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
      logs.set(one, { ends: seqsOf(events, isEnd), others: seqsOf(events, (event) => !isEnd(event)) });
    }
    return { user, workflow, logs, goingOn, causes, objects, bounds: this.#means.bounds };
  }

  async #eraseBelongings(extent: Extent): Promise<void> {
    const { streams } = this.#with;
    for (const found of await findLettersAndRequests(streams, extent)) await this.#erase(found);
    await this.#eraseObjects(extent);
    const later = async (): Promise<readonly WorkflowId[]> => (await this.#runs()).later;
    for (const found of await findByWorkflow(streams, extent, later)) await this.#erase(found);
  }

  async #eraseObjects({ user, workflow, logs, ...extent }: Extent): Promise<void> {
    const { runs, streams } = this.#with;
    const objects = new Set(workflow === undefined ? await objectsOf(streams, user) : extent.objects);
    if (objects.size > 0) {
      const { earlier, later } = await runs.of(user, extent.bounds);
      for (const other of [...earlier, ...later].filter((one) => !logs.has(one))) {
        const held = objectsIn(await runs.events({ user, workflow: other }), user);
        for (const object of held) objects.delete(object);
      }
    }
    for (const object of objects)
      for (const found of await findObject(streams, object)) await this.#erase(found);
    if (workflow === undefined) await this.#erase(await findUnnamedChunks(streams, Date.now()));
  }

  async #eraseLog({ others, ends }: LogSeqs): Promise<void> {
    for (const seqs of [others, ends]) await this.#erase({ stream: LOG_STREAM, seqs });
    const { erased, total } = this.#job.workflows;
    await this.#progress({ workflows: { erased: erased + 1, total: Math.max(total, erased + 1) } });
  }

  async #forget(): Promise<{ readonly rebuilding: boolean }> {
    const { store, keyring, forgotten } = this.#with;
    const { user, workflow } = this.#of;
    await this.#progress({});
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
    // Who lost the job to another process erases no more.
    await this.#progress({});
    const erased = await this.#with.streams.erase(found, this.#means.signal);
    await this.#progress({ messages_erased: this.#job.messages_erased + erased });
  }

  async #progress(change: Partial<ErasureJob>): Promise<void> {
    this.#job = { ...withoutWait(this.#job), ...change };
    await this.#means.progress(this.#job);
  }
}

const seqsOf = (events: readonly RawMessage[], belongs: (event: RawMessage) => boolean): number[] =>
  events.filter(belongs).map(({ seq }) => seq);

const named = (workflow: WorkflowId, others: number): string =>
  `the workflow ${workflow}${others === 0 ? '' : ` and ${others} more`}`;

const notEnded = (workflow: WorkflowId, others: number): RetryableError =>
  new RetryableError(
    'run_not_ended',
    `There is no end yet of ${named(workflow, others)}: a planner has to cancel what goes on.`,
  );
