// Looks at what is open when somebody knocks and now and then, and works for a few users at once, on each of them alone; what fails is
// tried again, later and later.
import type { MemoryJob, UserId } from '@troupe/contracts';
import type { Kernel, Leases } from '@troupe/shared';
import type { JobEntries, OpenJob } from './job-entries.ts';
import type { Jobs, Work } from './jobs.ts';
import { performJob } from './perform-job.ts';
import { withLease } from './with-lease.ts';

/** Users at once in this process: a job is mostly reading and waiting. */
const USERS_AT_ONCE = 4;
/** A knock that was lost is made up for after this time. */
const LOOK_EVERY_MS = 2_000;
const SOONEST_MS = 20;

export interface RunnerOptions {
  readonly kernel: Pick<Kernel, 'connection' | 'logger'>;
  readonly instance: string;
  readonly work: Work;
  readonly entries: JobEntries;
  readonly leases: Leases;
  readonly ask: Jobs['ask'];
  readonly pauses: { readonly firstMs: number; readonly longestMs: number };
}

/** What this process works on for a user. */
interface Busy {
  ended: Promise<void>;
  /** The kind of job that is under way, and how it is stopped. */
  current: { readonly kind: MemoryJob['kind']; readonly stop: () => void } | undefined;
  /** The ids of jobs that failed: the others go on without them, and they are tried again behind a pause. */
  readonly failed: Set<string>;
}

export class JobRunner {
  readonly #options: RunnerOptions;
  readonly #busy = new Map<UserId, Busy>();
  /** When a user whose job failed is served again, and how often in a row it failed. */
  readonly #failed = new Map<UserId, { readonly times: number; readonly until: number }>();
  readonly #leaving = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  #looking: Promise<void> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** In `ms` at the latest. */
  lookIn(ms: number): void {
    const dueAt = performance.now() + ms;
    if (this.#leaving.signal.aborted || (this.#timer !== undefined && this.#dueAt <= dueAt)) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // A knock during a look may have come too late for it.
      if (this.#looking !== undefined) void this.#looking.then(() => this.lookIn(0));
      else this.#looking = this.#lookAndGoOn();
    }, ms);
  }

  /** Stops everything at once: each job goes on elsewhere, from where it stands. */
  async drain(graceMs: number): Promise<void> {
    this.#leaving.abort(new Error('the process ends'));
    clearTimeout(this.#timer);
    const ended = Promise.all([this.#looking, ...[...this.#busy.values()].map((busy) => busy.ended)]);
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, graceMs);
    await Promise.race([ended, grace.promise]);
    clearTimeout(timer);
  }

  #nextLookMs(): number {
    const soonest = Math.min(...[...this.#failed.values()].map(({ until }) => until - performance.now()));
    return Math.max(SOONEST_MS, Math.min(LOOK_EVERY_MS, soonest));
  }

  async #lookAndGoOn(): Promise<void> {
    try {
      await this.#look();
    } catch (err) {
      this.#options.kernel.logger.debug({ err }, 'the jobs could not be looked at');
    } finally {
      this.#looking = undefined;
      this.lookIn(this.#nextLookMs());
    }
  }

  async #look(): Promise<void> {
    const users = await this.#options.entries.users();
    const open = new Set(users);
    for (const user of this.#failed.keys()) if (!open.has(user)) this.#failed.delete(user);
    for (const user of users) {
      const busy = this.#busy.get(user);
      if (busy !== undefined) await this.#makeWay(user, busy);
      else if (this.#busy.size < USERS_AT_ONCE && (this.#failed.get(user)?.until ?? 0) <= performance.now())
        this.#serve(user);
    }
  }

  /** An erasure does not wait for a rebuild, which may take long. */
  async #makeWay(user: UserId, { current, failed }: Busy): Promise<void> {
    if (current?.kind !== 'rebuild') return;
    const first = (await this.#options.entries.open(user)).find(({ job }) => !failed.has(job.id));
    if (first?.job.kind === 'erase') current.stop();
  }

  #serve(user: UserId): void {
    const { leases, instance, kernel } = this.#options;
    const busy: Busy = { current: undefined, failed: new Set(), ended: Promise.resolve() };
    this.#busy.set(user, busy);
    const held = { name: `memory-job.${user}`, holder: instance, signal: this.#leaving.signal };
    busy.ended = withLease(leases, held, (signal) => this.#doAll(user, busy, signal))
      .then((was) => {
        if (!was) return;
        this.#failed.delete(user);
        this.lookIn(0);
      })
      .catch((err: unknown) => {
        kernel.logger.warn({ err }, 'a job of memory did not end; it is tried again');
        const times = (this.#failed.get(user)?.times ?? 0) + 1;
        const { firstMs, longestMs } = this.#options.pauses;
        const pauseMs = Math.min(longestMs, firstMs * 2 ** (times - 1));
        this.#failed.set(user, { times, until: performance.now() + pauseMs });
      })
      .finally(() => {
        this.#busy.delete(user);
        this.lookIn(this.#nextLookMs());
      });
  }

  async #doAll(user: UserId, busy: Busy, signal: AbortSignal): Promise<void> {
    const { entries, work, ask } = this.#options;
    const next = async (): Promise<OpenJob | undefined> =>
      (await entries.open(user)).find(({ job }) => !busy.failed.has(job.id));
    const errors: unknown[] = [];
    for (let open = await next(); open !== undefined; open = await next()) {
      signal.throwIfAborted();
      const stopped = new AbortController();
      const stop = (): void => stopped.abort(new Error('an erasure comes first'));
      busy.current = { kind: open.job.kind, stop };
      const means = { ...{ entries, work, ask }, signal: AbortSignal.any([signal, stopped.signal]) };
      try {
        await performJob(open, means);
      } catch (error) {
        if (signal.aborted) throw error;
        if (stopped.signal.aborted) continue;
        busy.failed.add(open.job.id);
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
