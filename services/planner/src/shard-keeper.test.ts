// Planner processes that share the shards: they come, leave, are killed, and lose the server.
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal, typeFilter } from '@troupe/contracts';
import type { NodeService } from '@troupe/setup';
import type { Lease, Leases } from '@troupe/shared';
import { createLeases, LOG_STREAM, RetryableError } from '@troupe/shared';
import { checkClosedOnce, checkLog } from './test-support/check-log.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { agentMachine } from './workflows/agent-machine.ts';
import { automation } from './workflows/automation.ts';

const machine = agentMachine(automation);

let stack: Stack;
let leases: Leases;
before(async () => {
  stack = await startStack();
  leases = createLeases(stack.kernel.connection, stack.kernel.publisher);
});
after(() => stack[Symbol.asyncDispose]());

/** How many shards each planner holds, most first. */
async function shares(): Promise<number[]> {
  const held = await leases.read().catch(noneWhileAway);
  const counts = new Map<string, number>();
  for (const [name, { holder }] of held) {
    if (holder === undefined) continue;
    counts.set(holder, (counts.get(holder) ?? 0) + (name.startsWith('shard.') ? 1 : 0));
  }
  return [...counts.values()].sort((a, b) => b - a);
}

function noneWhileAway(error: unknown): ReadonlyMap<string, Lease> {
  if (error instanceof RetryableError) return new Map();
  throw error;
}

/** Resolves with the milliseconds that it took until the planners held so many shards each. */
async function untilShares(expected: number[], withinMs = 30_000): Promise<number> {
  const startedAt = performance.now();
  for (let now = await shares(); ; now = await shares()) {
    if (String(now) === String(expected)) return performance.now() - startedAt;
    assert.ok(performance.now() - startedAt < withinMs, `${now.join()} instead of ${expected.join()}`);
    await sleep(50);
  }
}

async function stop(planner: NodeService, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  planner.kill(signal);
  const { code } = await planner.exited;
  assert.equal(code, signal === 'SIGTERM' ? 0 : null);
}

/** Publishes requests one after the other, at a steady pace, until the returned function is called; it gives their ids. */
function load(t: TestContext, name: string, everyMs: number): () => string[] {
  const workflows: string[] = [];
  const publishing = setInterval(() => {
    const workflow_id = `${name}-${workflows.length}`;
    stack.publish('requested', { goal: 'Tell me', workflow_id });
    workflows.push(workflow_id);
  }, everyMs);
  const stopped = (): string[] => {
    clearInterval(publishing);
    return workflows;
  };
  t.after(stopped);
  return stopped;
}

async function allCompletedOnce(workflows: readonly string[]): Promise<void> {
  for (const workflow of workflows) {
    const log = await stack.ended(workflow);
    assert.equal(log.at(-1)?.type, 'workflow.completed');
    assert.equal(log.filter(({ type }) => isTerminal(type)).length, 1);
    checkLog(log, machine);
    checkClosedOnce(log);
  }
}

const planners = async (t: TestContext, count: number): Promise<NodeService[]> => {
  const started: NodeService[] = [];
  for (let i = 0; i < count; i += 1) started.push(await stack.planner(t));
  return started;
};

test('a planner alone holds every shard at once, and leaves nothing behind when it goes', async (t) => {
  const [planner] = (await planners(t, 1)) as [NodeService];
  await untilShares([8]);
  await stop(planner, 'SIGTERM');
  assert.deepEqual(await shares(), []);
});

test('planners that come share the shards evenly; of one that goes the others take them at once', async (t) => {
  const [first, second] = (await planners(t, 2)) as [NodeService, NodeService];
  await untilShares([4, 4]);
  const [third] = (await planners(t, 1)) as [NodeService];
  await untilShares([3, 3, 2]);
  await stop(second, 'SIGTERM');
  await untilShares([4, 4]);
  await stop(third, 'SIGTERM');
  await untilShares([8]);
  await stop(first, 'SIGTERM');
});

test('the shards of a planner that is killed are taken by another when its leases have run out', async (t) => {
  const [killed, other] = (await planners(t, 2)) as [NodeService, NodeService];
  await untilShares([4, 4]);
  const loaded = load(t, 'kill', 50);
  await sleep(500);
  await stop(killed, 'SIGKILL');
  t.diagnostic(`taken over after ${Math.round(await untilShares([8]))} ms`);
  const workflows = loaded();
  await allCompletedOnce(workflows);
  await stop(other, 'SIGTERM');
});

test('a planner that stands still loses its shards to another, and gets its share again when it goes on', async (t) => {
  const [still, other] = (await planners(t, 2)) as [NodeService, NodeService];
  await untilShares([4, 4]);
  still.kill('SIGSTOP');
  await untilShares([8]);
  const loaded = load(t, 'still', 50);
  still.kill('SIGCONT');
  await untilShares([4, 4]);
  await allCompletedOnce(loaded());
  for (const planner of [still, other]) await stop(planner, 'SIGTERM');
});

test('a rolling restart under load loses nothing: every run completes, once', async (t) => {
  let running = await planners(t, 2);
  await untilShares([4, 4]);
  const loaded = load(t, 'rolling', 40);
  for (let i = 0; i < 2; i += 1) {
    await sleep(300);
    const [old, ...others] = running as [NodeService, ...NodeService[]];
    await stop(old, 'SIGTERM');
    running = [...others, ...(await planners(t, 1))];
    await untilShares([4, 4]);
  }
  const workflows = loaded();
  await allCompletedOnce(workflows);
  const slowest = Math.max(...(await Promise.all(workflows.map(lengthMs))));
  t.diagnostic(`${workflows.length} workflows, the slowest took ${slowest} ms`);
  for (const planner of running) await stop(planner, 'SIGTERM');
});

/** By the stream's time, from the first event to the last. */
async function lengthMs(workflow: string): Promise<number> {
  const log = await stack.log(workflow);
  return (log.at(-1)?.storedAt ?? 0) - (log[0]?.storedAt ?? 0);
}

test('planners whose server is away go on when it is back, each with its share, and every run ends', async (t) => {
  const running = await planners(t, 2);
  await untilShares([4, 4]);
  const loaded = load(t, 'away', 60);
  await sleep(300);
  await stack.awayFor(5_500);
  await untilShares([4, 4]);
  const workflows = loaded();
  const manager = await stack.kernel.connection.jetstreamManager();
  const { state } = await manager.streams.info(LOG_STREAM, {
    subjects_filter: typeFilter('workflow.requested'),
  });
  const requested = new Set(Object.keys(state.subjects ?? {}).map((subject) => subject.split('.').at(-1)));
  await allCompletedOnce(workflows.filter((workflow) => requested.has(workflow)));
  for (const planner of running) await stop(planner, 'SIGTERM');
});
