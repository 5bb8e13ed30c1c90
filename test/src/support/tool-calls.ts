// Runs that ask for tool calls, and tool workers that answer them, for the rules of a worker.
import type { TestContext } from 'node:test';
import type { LogEvent, Position, WorkflowKey } from '@troupe/contracts';
import {
  type Actor,
  type Kernel,
  LOG_STREAM,
  type Outcome,
  startWorker,
  type WorkerOptions,
} from '@troupe/shared';
import { append, draftOf, someWorkflow } from './events.ts';
import { until } from './until.ts';

export type ToolWorker = WorkerOptions<'tool.requested'>;

export const completed = ({ data }: LogEvent<'tool.requested'>): Outcome<'tool.requested'> => ({
  type: 'tool.completed',
  data: { tool: data.tool.name, call_id: data.call_id, output: { text: '{}' } },
});

/** A tool worker that is drained at the end of the test. `acts` counts what it did, by workflow. */
export function toolWorker(
  t: TestContext,
  kernel: Kernel,
  options: Partial<ToolWorker> = {},
): { acts: Map<string, number>; actor: Actor } {
  const acts = new Map<string, number>();
  const { handle, ...rest } = options;
  const actor = startWorker<'tool.requested'>({
    kernel,
    service: 'tool-executor',
    request: 'tool.requested',
    consumer: 'tool-executor',
    concurrency: 8,
    maxAttempts: 3,
    acts: true,
    givenUp: ({ data }, error) => ({
      type: 'tool.failed',
      data: { tool: data.tool.name, call_id: data.call_id, error, retryable: false, outcome: 'not_done' },
    }),
    onFatal: () => undefined,
    ...rest,
    handle(request, context) {
      acts.set(request.workflow, (acts.get(request.workflow) ?? 0) + 1);
      return handle === undefined ? Promise.resolve(completed(request)) : handle(request, context);
    },
  });
  t.after(() => actor.drain(0));
  return { acts, actor };
}

/** A run that has asked for one tool call, the event `id`, and where that stands. */
export async function calling(
  kernel: Kernel,
  key: WorkflowKey = someWorkflow(),
): Promise<{ key: WorkflowKey; id: string; behind: Position }> {
  const first = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  const draft = draftOf('tool.requested', key, { name: 'call' });
  return { key, id: draft.id, behind: await append(kernel, draft, first) };
}

export const typesOf = async (kernel: Kernel, key: WorkflowKey): Promise<string[]> =>
  (await kernel.log.read.whole(key)).map(({ type }) => type);

/** Resolves when the newest event of the run is of `type`. */
export async function endsWith(kernel: Kernel, key: WorkflowKey, type: string): Promise<void> {
  await until(`${type} of ${key.workflow}`, async () => (await kernel.log.read.head(key))?.type === type);
}

/** Resolves when every request was delivered and acknowledged. */
export async function allAcked(kernel: Kernel): Promise<void> {
  const { consumers } = await kernel.connection.jetstreamManager();
  await until('every delivery is acknowledged', async () => {
    const { num_pending, num_ack_pending } = await consumers.info(LOG_STREAM, 'tool-executor');
    return num_pending === 0 && num_ack_pending === 0;
  });
}
