// A real nats-server, real planner processes, and small workers in this process that stand for memory, gateway and executor.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DataOf, LogEvent, StoredEvent } from '@troupe/contracts';
import { isTerminal, UserId, WorkflowId } from '@troupe/contracts';
import type { NodeService } from '@troupe/setup';
import { findNatsServer, localDir, startNatsServer, startNode } from '@troupe/setup';
import type { Kernel } from '@troupe/shared';
import { createLogger, environment, openKernel, provision, startWorker } from '@troupe/shared';
import { call, calls, says } from './turns.ts';

export const user = UserId.parse('alice');

export interface Stack extends AsyncDisposable {
  readonly kernel: Kernel;
  /** Ends the server at once, and starts it again after `ms`. */
  awayFor(ms: number): Promise<void>;
  /** Resolves when it is ready. It ends with the test. */
  planner(t: TestContext): Promise<NodeService>;
  publish(event: 'requested' | 'signalled' | 'cancel_requested', body: object): void;
  log(workflow: string): Promise<StoredEvent[]>;
  /** The log once `is` holds for its newest event. Fails after 60 s. */
  until(workflow: string, is: (event: StoredEvent) => boolean): Promise<StoredEvent[]>;
  ended(workflow: string): Promise<StoredEvent[]>;
}

/** Models call two tools and then answer; one that is asked for silence never says anything. */
export async function startStack(think: Think = thinkInTwoTurns): Promise<Stack> {
  const opened = new AsyncDisposableStack();
  const { command: binary } = await findNatsServer({ env: environment(), localDir, report: () => undefined });
  const storeDir = await mkdtemp(join(tmpdir(), 'troupe-planner-'));
  opened.defer(() => rm(storeDir, { recursive: true, force: true }));
  const nats = opened.use(await startNatsServer({ binary, storeDir }));
  const logger = createLogger('test', 'silent');
  const kernel = opened.use(await openKernel({ url: nats.url, name: 'test', logger }));
  await provision(kernel.connection, nats.monitorUrl);
  await announceTools(kernel);
  const workers = startWorkers(kernel, think);
  opened.defer(async () => {
    await Promise.all(workers.map((worker) => worker.drain(10)));
  });

  const key = (workflow: string) => ({ user, workflow: WorkflowId.parse(workflow) });
  const stack = {
    kernel,
    async awayFor(ms: number) {
      nats.kill('SIGKILL');
      await nats.exited();
      await sleep(ms);
      await nats.restart();
    },
    async planner(t: TestContext) {
      const entry = fileURLToPath(new URL('../main.ts', import.meta.url));
      const env = { ...environment(), NATS_URL: nats.url, LOG_LEVEL: 'info' };
      const planner = startNode({ name: 'planner', entry, env });
      t.after(() => planner.stop());
      await planner.ready;
      return planner;
    },
    publish: (event: string, body: object) => {
      kernel.connection.publish(`agents.workflow.${event}.${user}`, JSON.stringify(body));
    },
    log: (workflow: string) => kernel.log.read.whole(key(workflow)),
    async until(workflow: string, is: (event: StoredEvent) => boolean) {
      const end = Date.now() + 60_000;
      while (Date.now() < end) {
        const head = await kernel.log.read.head(key(workflow));
        if (head !== undefined && is(head)) return kernel.log.read.whole(key(workflow));
        await sleep(20);
      }
      const types = (await stack.log(workflow)).map(({ type }) => type).join(', ');
      throw new Error(`${workflow} went no further than: ${types}`);
    },
    ended: (workflow: string) => stack.until(workflow, ({ type }) => isTerminal(type)),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
  return stack;
}

const announceTools = (kernel: Kernel): Promise<void> =>
  kernel.tools.announce([
    {
      name: 'notify_user',
      description: 'Tells the user.',
      input_schema: {},
      output_schema: {},
      effect: 'idempotent',
      timeout_seconds: 5,
    },
  ]);

function startWorkers(kernel: Kernel, think: Think) {
  const bounded = {
    kernel,
    concurrency: 100,
    maxAttempts: 3,
    onFatal: (error: Error) => {
      throw error;
    },
  };
  return [
    startWorker({
      ...{ ...bounded, service: 'memory', request: 'memory.requested', consumer: 'memory', acts: false },
      handle: () => Promise.resolve({ type: 'memory.completed', data: { snippets: [] } }),
      givenUp: (_, error) => ({ type: 'memory.failed', data: { error } }),
    }),
    startWorker({
      ...{
        ...bounded,
        service: 'llm-gateway',
        request: 'llm.requested',
        consumer: 'llm-gateway',
        acts: true,
      },
      handle: async (request, { signal }) => ({ type: 'llm.completed', data: await think(request, signal) }),
      givenUp: (_, error) => ({ type: 'llm.failed', data: { error, attempts: 0 } }),
    }),
    startWorker({
      ...{
        ...bounded,
        service: 'tool-executor',
        request: 'tool.requested',
        consumer: 'tool-executor',
        acts: true,
      },
      handle: ({ data: { tool, call_id } }) =>
        Promise.resolve({
          type: 'tool.completed',
          data: { tool: tool.name, call_id, output: { text: '{}' } },
        }),
      givenUp: ({ data: { tool, call_id } }, error) => ({
        type: 'tool.failed',
        data: { tool: tool.name, call_id, error, retryable: false, outcome: 'not_done' },
      }),
    }),
  ] as const;
}

/** What the model says; the signal aborts when nobody waits for it any more. */
export type Think = (
  request: LogEvent<'llm.requested'>,
  signal: AbortSignal,
) => Promise<DataOf<'llm.completed'>>;

async function thinkInTwoTurns(
  { data }: LogEvent<'llm.requested'>,
  signal: AbortSignal,
): Promise<DataOf<'llm.completed'>> {
  const silent = data.messages.some(({ content }) => 'text' in content && content.text.includes('silence'));
  if (silent) await once(signal, 'abort');
  await sleep(20);
  return data.turn === 1 ? calls(call('a'), call('b')) : says('Done.');
}
