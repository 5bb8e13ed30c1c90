// Who is told that a run ended: whoever may be at work for it.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Runs } from './runs.ts';
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
