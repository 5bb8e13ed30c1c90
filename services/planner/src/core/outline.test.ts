// What a run has cost, and when that is not known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asks, createMachine, done, failure, news } from '../test-support/machines.ts';
import { Story } from '../test-support/story.ts';
import { says, turnOf } from '../test-support/turns.ts';

test('the cost of a run is unknown as soon as that of one of its model calls is', () => {
  const machine = createMachine({
    initial: 'a',
    states: {
      a: { invoke: { ...asks(), onDone: 'b' } },
      b: { invoke: { ...asks('again', 2), onDone: 'c' } },
      c: done,
    },
  });
  for (const cost_nano_usd of [null, undefined]) {
    const story = new Story(machine)
      .settled()
      .answers('llm.completed', turnOf({ text: 'One.' }, { cost_nano_usd }))
      .settled()
      .answers('llm.completed', says('Two.'));
    assert.equal(story.owes('workflow.completed').data.cost_nano_usd, null);
  }
});

test('the cost of a run is unknown where it stops a model call or ends in the middle of one, and where one is given up', () => {
  const asking = {
    initial: 'a',
    states: { a: { invoke: { ...asks(), onDone: 'b', onError: 'b' } }, b: done },
  };
  const machine = createMachine({ ...asking, on: { 'job.completed': '.b' } });
  const costOf = (story: Story): unknown => story.owes('workflow.completed').data.cost_nano_usd;
  const unsent = new Story(machine).receives('job.completed', news);
  assert.equal(costOf(unsent), 0, 'nobody was asked');
  assert.equal(costOf(new Story(machine).settled().receives('job.completed', news)), null);
  const failed = (more: object): Story =>
    new Story(machine).settled().answers('llm.failed', { error: failure, attempts: 0, ...more });
  assert.equal(costOf(failed({})), 0);
  assert.equal(costOf(failed({ cost_nano_usd: null })), null);
  assert.equal(costOf(failed({ cost_nano_usd: 7 })), 7);
  const leaving = createMachine({
    initial: 'a',
    states: {
      a: { invoke: asks(), on: { 'job.completed': 'b' } },
      b: { on: { 'job.completed': 'c' } },
      c: done,
    },
  });
  const stopped = (story: Story): Story => story.receives('job.completed', news).settled();
  assert.equal(costOf(stopped(new Story(leaving)).receives('job.completed', news)), 0);
  assert.equal(costOf(stopped(new Story(leaving).settled()).receives('job.completed', news)), null);
});
