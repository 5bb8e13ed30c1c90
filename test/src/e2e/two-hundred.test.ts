// Two hundred runs at once through one process of each service.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkflowResult } from '@troupe/contracts';
import { withStack } from './with-stack.ts';

const RUNS = 200;
const WITH_BROWSER = 2;

test('200 runs at once, two of them with the browser: each ends exactly once, and no effect happens twice', async () => {
  const html = '<!doctype html><title>Shared</title><p id="value">the shared page</p>';
  const report = await withStack({ html }, async ({ client, world, stack }) => {
    const ended = new Map<string, WorkflowResult[]>();
    const all = Promise.withResolvers<void>();
    for (const status of ['completed', 'failed', 'cancelled', 'disabled']) {
      client.subscribe(`agents.workflow.${status}.*.*.*`, {
        callback: (_error, message) => {
          const result = message.json<WorkflowResult>();
          ended.set(result.workflow_id, [...(ended.get(result.workflow_id) ?? []), result]);
          if (ended.size === RUNS) all.resolve();
        },
      });
    }
    for (let i = 0; i < RUNS; i += 1) {
      const goal =
        i < WITH_BROWSER
          ? `Open ${world.url}/${i} and read \`#value\`.`
          : `Run ${i}: notify me that everything is well, by a notification.`;
      client.publish(
        `agents.workflow.requested.user-${i % 10}`,
        JSON.stringify({ goal, workflow_id: `run-${i}` }),
      );
    }
    await Promise.race([all.promise, sleep(300_000)]);

    assert.equal(ended.size, RUNS);
    const failures = [...ended.values()].flat().filter(({ status }) => status !== 'completed');
    assert.deepEqual(
      failures.map(({ workflow_id, error }) => ({ workflow_id, error })),
      [],
    );

    // Judged by the world: every run notified exactly once, every key is used once.
    await sleep(1_000);
    assert.equal(world.notifications.length, RUNS);
    assert.equal(new Set(world.notifications.map(({ key }) => key)).size, RUNS);
    assert.equal(new Set(world.notifications.map(({ body }) => body.workflow_id)).size, RUNS);
    assert.equal(world.visits(), WITH_BROWSER);

    // Judged by the log: one terminal event each.
    const { state } = await (await client.jetstreamManager()).streams.info('AGENTS', {
      subjects_filter: 'agents.workflow.*.*.*.*',
    });
    const terminal = Object.entries(state.subjects ?? {}).filter(
      ([subject]) => !subject.startsWith('agents.workflow.requested.'),
    );
    assert.equal(terminal.length, RUNS);
    assert.ok(terminal.every(([, messages]) => messages === 1));
    assert.ok(stack.processes('planner').length === 1);
  });
  assert.equal(report.ended, RUNS);
  assert.ok(report.plannerEvents >= RUNS * 4);
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
