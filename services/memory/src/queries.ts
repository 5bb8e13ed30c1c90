// What users and tools ask memory over RPC. The user is that of the subject: no field of a request, and nothing that a model said, names one.
import type {
  ForgetScope,
  ListMemoryResponse,
  MemoryItem,
  MemoryStatusResponse,
  UserId,
} from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { RetryableError, serveRpc, TerminalError } from '@troupe/shared';
import type { JobRequest, Jobs } from './jobs/jobs.ts';
import type { Recall } from './recall.ts';
import type { MemoryStore, StoredMemory } from './store.ts';

/** The one rebuild that a user has under way. */
export const REBUILD = { kind: 'rebuild', id: 'rebuild' } as const satisfies JobRequest;

export interface QueryOptions {
  readonly kernel: Pick<Kernel, 'micro' | 'logger'>;
  readonly recall: Recall;
  readonly store: Pick<MemoryStore, 'list' | 'count' | 'standing'>;
  readonly jobs: Jobs;
  /** Called for a user whose memory is not whole. */
  readonly onIncomplete: (user: UserId) => void;
}

/** Answers until the kernel closes. */
export async function serveQueries(options: QueryOptions): Promise<void> {
  const { kernel, recall, store, jobs, onIncomplete } = options;
  await serveRpc(kernel, rpc.searchMemory, recall);
  await serveRpc(kernel, rpc.listMemory, async (user, { limit, after, workflow_id: workflow }) => {
    const page = await store.list(user, { limit, after, workflow });
    const { rebuilding } = await store.standing(user);
    if (rebuilding) onIncomplete(user);
    return { ...listed(page), ...(rebuilding ? { rebuilding } : {}) };
  });
  await serveRpc(kernel, rpc.forgetMemory, async (user, { scope }) => {
    const job = await jobs.ask(user, { kind: 'erase', id: erasureId(scope), scope });
    if (job.kind === 'erase') return job;
    throw new TypeError(`${job.id} is a ${job.kind}`);
  });
  await serveRpc(kernel, rpc.rebuildMemory, async (user) => {
    const job = await jobs.ask(user, REBUILD);
    if (job.kind === 'rebuild') return job;
    throw new TypeError(`${job.id} is an ${job.kind}`);
  });
  await serveRpc(kernel, rpc.memoryStatus, async (user) => statusOf(user, store, jobs));
}

const erasureId = (scope: ForgetScope): string => {
  switch (scope.kind) {
    case 'record':
      return `record-${scope.record_id}`;
    case 'workflow':
      return `workflow-${scope.workflow_id}`;
    case 'user':
      return 'user';
  }
};

async function statusOf(
  user: UserId,
  store: QueryOptions['store'],
  jobs: Jobs,
): Promise<MemoryStatusResponse> {
  const [stored, found] = await Promise.all([storedOf(user, store), jobs.of(user)]);
  return { ...stored, jobs: found };
}

/** Nothing while the store or the keys are away: the jobs, which wait for them, are told of all the same. */
async function storedOf(
  user: UserId,
  store: QueryOptions['store'],
): Promise<Omit<MemoryStatusResponse, 'jobs'>> {
  try {
    const [records, { model, projected }] = await Promise.all([store.count(user), store.standing(user)]);
    return { records, ...(model === undefined ? {} : { model }), projected_seq: projected };
  } catch (error) {
    if (error instanceof RetryableError || error instanceof TerminalError) return {};
    throw error;
  }
}

const listed = ({
  records,
  next,
  unreadable,
}: Awaited<ReturnType<MemoryStore['list']>>): ListMemoryResponse => ({
  records: records.map(itemOf),
  ...(next === undefined ? {} : { next }),
  ...(unreadable === 0 ? {} : { unreadable }),
});

const itemOf = ({ id, text, workflow, createdAt, kind }: StoredMemory): MemoryItem => ({
  id,
  text,
  workflow_id: workflow,
  created_at: createdAt.toISOString(),
  label: kind,
});
