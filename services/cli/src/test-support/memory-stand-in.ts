// Stands in for the memory service: answers its queries from lists, each user from his own, and does a job one step at a query.
import type { ForgetScope, MemoryItem, MemoryJob, RebuildJob, UserId } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { RetryableError, serveRpc } from '@troupe/shared';

export interface StandIn {
  readonly records: Map<string, MemoryItem[]>;
  /** By user, in the order in which they are done; the steps that each still has. */
  readonly jobs: Map<string, { job: MemoryJob; steps: number }[]>;
  /** What was asked to be forgotten, by whom. */
  readonly forgotten: { readonly user: string; readonly scope: ForgetScope }[];
  rebuilding: boolean;
  unreadable: number;
  /** How many of the next looks at a job are not answered as they should be. */
  failures: number;
  /** Steps of the next job; Infinity: it never ends. */
  steps: number;
}

const ASKED_AT = '2026-01-02T03:04:05.000Z';
const RUNS = 3;
const REBUILD: RebuildJob = {
  ...{ id: 'rebuild', kind: 'rebuild', asked_at: ASKED_AT, state: 'running' },
  events: { projected: 0, total: 20 },
};

export async function standIn(kernel: Kernel): Promise<StandIn> {
  const state: StandIn = {
    records: new Map(),
    jobs: new Map(),
    forgotten: [],
    rebuilding: false,
    unreadable: 0,
    failures: 0,
    steps: 2,
  };
  const notes = () => ({
    ...(state.rebuilding ? { rebuilding: true as const } : {}),
    ...(state.unreadable > 0 ? { unreadable: state.unreadable } : {}),
  });
  const recordsOf = (user: UserId, workflow?: string): MemoryItem[] =>
    (state.records.get(user) ?? []).filter(
      (record) => workflow === undefined || record.workflow_id === workflow,
    );
  const begin = <Job extends MemoryJob>(user: UserId, job: Job, ...more: MemoryJob[]): Job => {
    const jobs = [job, ...more].map((one) => ({ job: one, steps: state.steps }));
    state.jobs.set(user, jobs);
    return job;
  };

  await serveRpc(kernel, rpc.searchMemory, (user, { query, k, workflow_id }) => {
    const found = recordsOf(user, workflow_id).filter(({ text }) => text.includes(query));
    const snippets = found.slice(0, k).map((record) => ({ ...record, score: 0.5, age_days: 3 }));
    return Promise.resolve({ snippets, ...notes() });
  });
  await serveRpc(kernel, rpc.listMemory, (user, { limit, after, workflow_id }) => {
    const from = after === undefined ? 0 : Number(after);
    const all = recordsOf(user, workflow_id);
    const next = from + limit < all.length ? { next: String(from + limit) } : {};
    return Promise.resolve({ records: all.slice(from, from + limit), ...next, ...notes() });
  });
  await serveRpc(kernel, rpc.forgetMemory, (user, { scope }) => {
    state.forgotten.push({ user, scope });
    const job = { id: `erase-${scope.kind}`, kind: 'erase', asked_at: ASKED_AT, state: 'waiting' } as const;
    const erasure = { ...job, scope, workflows: { erased: 0, total: RUNS }, messages_erased: 0 };
    return Promise.resolve(begin(user, erasure, ...(scope.kind === 'user' ? [] : [REBUILD])));
  });
  await serveRpc(kernel, rpc.rebuildMemory, (user) => {
    return Promise.resolve(begin(user, REBUILD));
  });
  await serveRpc(kernel, rpc.memoryStatus, (user) => {
    if (state.failures-- > 0) throw new RetryableError('memory_unavailable', 'Chroma did not answer.');
    const entries = state.jobs.get(user) ?? [];
    const entry = entries.find(({ job }) => job.state !== 'done');
    if (entry !== undefined) entry.job = stepped(entry.job, (entry.steps -= 1) <= 0);
    const jobs = entries.map(({ job }) => job);
    return Promise.resolve({ records: recordsOf(user).length, projected_seq: 1, jobs });
  });
  return state;
}

function stepped(job: MemoryJob, done: boolean): MemoryJob {
  const state = done ? 'done' : 'running';
  return job.kind === 'erase'
    ? { ...job, state, workflows: { erased: done ? RUNS : 1, total: RUNS }, messages_erased: done ? 120 : 40 }
    : { ...job, state, events: { projected: done ? 20 : 10, total: 20 } };
}
