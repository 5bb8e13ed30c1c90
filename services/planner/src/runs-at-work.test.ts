// Who is told that a run ended: whoever may be at work for it.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Runs } from './runs.ts';
import { unavailable } from './test-support/memory-kernel.ts';
import { asks, createMachine, done, failure, news } from './test-support/machines.ts';
import { Script } from './test-support/script.ts';
import { call, calls } from './test-support/turns.ts';

let script: Script;
let runs: Runs;
beforeEach(() => {
  script = new Script();
  runs = script.planner();
});

test('the end of a run is told to who may be at work for it, and to nobody where nothing is', async () => {
  await script.toTheEnd(runs, 'wf_idle');
  assert.equal(script.knocks, 0);
  // A call that nobody waits for any more.
  await runs.deliver(script.begin('wf_asking'));
  await runs.deliver(script.store('wf_asking', 'workflow.cancel_requested', {}));
  assert.equal(script.knocks, 1);
});

test('the end of a run is told where a job goes on in the background, and not where it has ended', async () => {
  for (const [workflow, ends] of [
    ['wf_job', false],
    ['wf_job_done', true],
  ] as const) {
    script.knocks = 0;
    await runs.deliver(script.begin(workflow));
    await runs.deliver(script.recalled(workflow));
    const acts = script.answer('llm.requested', 'llm.completed', calls(call('call_0')), workflow);
    await runs.deliver(acts);
    const started = { tool: 'notify_user', call_id: 'call_0', output: { text: '{}' }, job_id: 'job_1' };
    await runs.deliver(script.answer('tool.requested', 'tool.completed', started, workflow));
    if (ends) {
      const done = { job_id: 'job_1', output: { text: '{}' } };
      await runs.deliver(script.answer('tool.requested', 'job.completed', done, workflow));
    }
    await runs.deliver(script.answered(workflow));
    assert.equal(script.knocks, ends ? 0 : 1, workflow);
  }
});

test('a cancellation is told also where the timer that is set beside it cannot be', async () => {
  script = new Script(
    createMachine({
      initial: 'a',
      states: {
        a: { invoke: asks(), on: { 'job.completed': 'b' } },
        b: { after: { 60_000: 'c' } },
        c: done,
      },
    }),
  );
  runs = script.planner();
  await runs.deliver(script.begin());
  Object.assign(script.kernel.clock, { set: unavailable });
  await assert.rejects(runs.deliver(script.store('wf_1', 'job.completed', news)), /No decision/);
  assert.deepEqual([script.types().at(-1), script.knocks], ['llm.cancelled', 1]);
});

test('an end is told where a call was stopped whose cancellation nobody has written yet', async () => {
  script = new Script(
    createMachine({
      initial: 'a',
      states: {
        a: { invoke: asks(), on: { 'job.completed': 'b' } },
        b: { on: { 'job.failed': 'c' } },
        c: done,
      },
    }),
  );
  runs = script.planner();
  await runs.deliver(script.begin());
  script.store('wf_1', 'job.completed', news);
  await runs.deliver(script.store('wf_1', 'job.failed', { job_id: news.job_id, error: failure }));
  assert.deepEqual([script.types().at(-1), script.knocks], ['workflow.completed', 1]);
});
