// How long one workflow's whole log takes to read when the stream holds a million events of others: a real run's messages,
// recorded, and written again under other ids.
import type { UserId, WorkflowId, WorkflowKey } from '@troupe/contracts';
import { EXPECTED_LAST, logSubject, workflowFilter } from '@troupe/contracts';
import type { Publisher } from '@troupe/shared';
import { LOG_STREAM } from '@troupe/shared';
import { automation } from '../../../../services/planner/src/workflows/automation.ts';
import { BENCH_USER } from '../load/commands.ts';
import { median, percentile } from '../statistics.ts';
import { startServer, startSystem } from '../system.ts';

export interface Reads {
  readonly stored: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

const USERS = 1_000;
const READS = 1_000;
/** Workflows written at once, each one event behind the other. */
const IN_FLIGHT = 512;
const TIMEOUT_MS = 30_000;

interface Recorded {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const RECORDED = { user: BENCH_USER, workflow: 'recorded-0' } as WorkflowKey;

/** Stores at least `events` events, then reads. */
export async function measureReads(events: number, report: (line: string) => void): Promise<Reads> {
  const run = await recordRun();
  await using server = await startServer();
  const { kernel } = server;
  const workflows = Math.ceil(events / run.length);
  report(`reads: storing ${workflows * run.length} events of ${workflows} workflows …`);
  await fill(kernel.publisher, run, workflows, report);

  const tookMs: number[] = [];
  for (let i = 0; i < READS; i += 1) {
    const key = keyOf(Math.floor(Math.random() * workflows));
    const from = performance.now();
    const log = await kernel.log.read.whole(key);
    tookMs.push(performance.now() - from);
    if (log.length !== run.length) throw new Error(`${key.workflow} has ${log.length} events`);
  }
  const { state } = await (await kernel.connection.jetstreamManager()).streams.info(LOG_STREAM);
  tookMs.sort((a, b) => a - b);
  return { stored: state.messages, medianMs: median(tookMs), p99Ms: percentile(tookMs, 0.99) };
}

const keyOf = (n: number): WorkflowKey => ({
  user: `user-${n % USERS}` as UserId,
  workflow: `workflow-${n}` as WorkflowId,
});

/** One run of the built-in workflow type, as it stands in the stream. */
async function recordRun(): Promise<readonly Recorded[]> {
  await using system = await startSystem();
  await system.startPlanner();
  await system.drive({ run: 'recorded', workflowType: automation.type, concurrency: 1, seconds: 0 });
  const manager = await system.kernel.connection.jetstreamManager();
  const events = await system.kernel.log.read.whole(RECORDED);
  return await Promise.all(
    events.map(async ({ type, position }) => {
      const { header, data } = await manager.streams.getMessage(LOG_STREAM, { seq: position.seq });
      const headers = Object.fromEntries([...header].map(([name, values]) => [name, values[0] ?? '']));
      return { type, headers, body: new TextDecoder().decode(data) };
    }),
  );
}

async function fill(
  publisher: Publisher,
  run: readonly Recorded[],
  workflows: number,
  report: (line: string) => void,
): Promise<void> {
  const startedAt = performance.now();
  let next = 0;
  const keepWriting = async (): Promise<void> => {
    while (next < workflows) {
      const key = keyOf(next);
      next += 1;
      if (next % (workflows / 10) === 0) {
        const seconds = (performance.now() - startedAt) / 1_000;
        report(`reads: ${next * run.length} events stored after ${seconds.toFixed(0)} s`);
      }
      await rewrite(publisher, run, key);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, keepWriting));
}

/** Writes the run again as the one that `key` names, each event behind the one before it. */
async function rewrite(publisher: Publisher, run: readonly Recorded[], key: WorkflowKey): Promise<void> {
  let previous = 0;
  for (const { type, headers, body } of run) {
    const renamed = {
      ...headers,
      'ce-subject': key.workflow,
      [EXPECTED_LAST]: String(previous),
      [`${EXPECTED_LAST}-Subject`]: workflowFilter(key),
    };
    const outcome = await publisher.publish(logSubject(type, key), renamed, body, TIMEOUT_MS);
    if (outcome.kind !== 'stored') throw new Error(`An event was not stored: ${JSON.stringify(outcome)}`);
    previous = outcome.seq;
  }
}
