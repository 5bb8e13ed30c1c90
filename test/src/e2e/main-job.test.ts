// The main job as a stranger does it: a plain NATS client, bare JSON, no code of ours.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Msg } from 'nats';
import type { WorkflowResult } from '@troupe/contracts';
import { withStack } from './with-stack.ts';

/** The value exists nowhere in the page's source: the page computes it from two halves, after it was loaded. */
const pageThatComputes = (value: string): string => {
  const half = Math.floor(value.length / 2);
  const reversed = (text: string): string => Array.from(text).reverse().join('');
  return `<!doctype html><title>Computed</title><p id="value">…</p><script>
    const turn = (text) => Array.from(text).reverse().join('');
    setTimeout(() => {
      document.querySelector('#value').textContent = turn('${reversed(value.slice(0, half))}') + turn('${reversed(value.slice(half))}');
    }, 30);
  </script>`;
};

test('a bare JSON message from a plain NATS client comes back as an event whose answer holds what the page computed in Chromium', async () => {
  const value = randomBytes(12).toString('hex');
  const html = pageThatComputes(value);
  assert.ok(!html.includes(value));
  const report = await withStack({ html }, async ({ client, world }) => {
    const results = client
      .subscribe('agents.workflow.completed.*.alice.*', { timeout: 60_000 })
      [Symbol.asyncIterator]();
    const notices = client.subscribe('agents.notification.created.*.alice.*', { timeout: 60_000, max: 1 });
    const goal = `Open ${world.url}/ and tell me the value in \`#value\`.`;
    client.publish(
      'agents.workflow.requested',
      JSON.stringify({ goal, user_id: 'alice', workflow_id: 'first', correlation_id: 'ticket-7' }),
    );

    const result = await nextResult(results);
    assert.equal(result.status, 'completed');
    assert.equal(result.workflow_id, 'first');
    assert.equal(result.user_id, 'alice');
    assert.equal(result.correlation_id, 'ticket-7');
    assert.match(result.answer ?? '', new RegExp(value));
    assert.ok(result.usage.input_tokens > 0 && result.usage.output_tokens > 0);
    assert.equal(result.steps, 6, 'recall, think, browser, think, notify, think');
    assert.ok(Date.parse(result.finished_at) > Date.parse(result.started_at));

    for await (const notice of notices) assert.match(notice.string(), new RegExp(value));
    assert.deepEqual(
      world.notifications.map(({ body }) => body.workflow_id),
      ['first'],
    );

    // Memory keeps the outcome: the next run of the same user is told of it, another user's is not.
    const question = { goal: `What was the value at ${world.host}? Do not open it again.`, user_id: 'alice' };
    await eventually(async () => {
      const found = await client.request(
        'agents.rpc.memory.search.alice',
        JSON.stringify({ query: question.goal, k: 4 }),
      );
      assert.match(found.string(), new RegExp(value));
    });
    client.publish('agents.workflow.requested', JSON.stringify(question));
    assert.match((await nextResult(results)).answer ?? '', new RegExp(`I remembered: .*${value}`, 's'));
    const others = client
      .subscribe('agents.workflow.completed.*.bob.*', { timeout: 60_000 })
      [Symbol.asyncIterator]();
    client.publish(
      'agents.workflow.requested.bob',
      JSON.stringify({ goal: `What was the value at ${world.host}?` }),
    );
    assert.doesNotMatch((await nextResult(others)).answer ?? '', new RegExp(value));
  });
  assert.ok(report.runs >= 3);
  assert.equal(report.ended, report.runs);
});

async function nextResult(results: AsyncIterator<Msg>): Promise<WorkflowResult> {
  const next = await results.next();
  if (next.done === true) throw new Error('the subscription ended');
  return next.value.json<WorkflowResult>();
}

async function eventually(attempt: () => Promise<void>, attempts = 20): Promise<void> {
  for (let n = 1; ; n += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (n === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
