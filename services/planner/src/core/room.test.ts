import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEvent } from '@troupe/contracts';
import { encodeData, isTerminal } from '@troupe/contracts';
import fc from 'fast-check';
import { AgentStory } from '../test-support/agent-story.ts';
import { checkLog } from '../test-support/check-log.ts';
import { createMachine, failure, news } from '../test-support/machines.ts';
import { randomAgent } from '../test-support/random-agent.ts';
import { seed } from '../test-support/seed.ts';
import { Story } from '../test-support/story.ts';
import { call, calls, requested, says } from '../test-support/turns.ts';
import { World } from '../test-support/world.ts';
import { agentMachine } from '../workflows/agent-machine.ts';
import { automation } from '../workflows/automation.ts';
import { fold } from './run.ts';

const errorOf = (story: Story): string | undefined =>
  (story.ending as LogEvent<'workflow.failed'> | undefined)?.data.error?.code;
const agent = (max_events: number): AgentStory => new AgentStory(requested({ max_events }));

test('a run that needs exactly the room that it has is completed', () => {
  const story = agent(6).recalls().thinks(says('42')).settled();
  assert.equal(story.log.events.length, 6);
  assert.equal(story.ending?.type, 'workflow.completed');
});

test('a run with one event less of room fails before it asks for what could not be answered', () => {
  const story = agent(5).recalls();
  assert.deepEqual(story.owedTypes(), ['workflow.failed']);
  assert.equal(errorOf(story), 'log_limit');
  assert.match((story.ending as LogEvent<'workflow.failed'>).data.error?.message ?? '', /may hold 5 events/);
});

test('what is at work when a run comes near its limit still has its room: every outcome is taken in', () => {
  // 5 events until the model has called three tools; each comes to 4 events; and the end.
  const story = agent(5 + 3 * 4 + 1)
    .recalls()
    .thinks(calls(call('a'), call('b'), call('c')))
    .settled();
  for (const request of story.requests('tool.requested'))
    story.receives('tool.started', { tool: 'notify_user', token: 't' }, request.id);
  for (const id of ['a', 'b', 'c']) story.tells(id);
  assert.equal(story.run.steps, 5, 'recall, turn and three tools');
  assert.ok(story.run.position.sequence <= 17);
  const none = agent(5 + 3 * 4)
    .recalls()
    .thinks(calls(call('a'), call('b'), call('c')));
  assert.deepEqual(none.owedTypes(), ['workflow.failed'], 'one less, and no tool is called');
});

test('whatever fills the log ends the run in time, also what its machine does not hear of', () => {
  const fillers: readonly ((story: Story) => void)[] = [
    (story) => story.receives('workflow.signalled', { name: 'hello' }),
    (story) => story.receives('job.completed', news),
    (story) => story.receives('tool.started', { tool: 'notify_user', token: 't' }),
    (story) => story.receives('llm.failed', { error: failure, attempts: 1 }, 'a request that never was'),
  ];
  for (const fill of fillers) {
    const story = agent(20).settled();
    while (story.run.state.kind === 'active') fill(story);
    assert.equal(errorOf(story), 'log_limit');
    assert.equal(story.settled().log.events.length, 20);
  }
});

test('an end that the machine reaches with its last event is its own', () => {
  const story = agent(6).recalls().settled();
  story.receives('workflow.cancel_requested', { reason: 'enough' });
  assert.equal(story.ending?.type, 'workflow.cancelled');
});

test('a run of the first release, whose settings name no limit, has none', () => {
  const settings = requested({ max_events: undefined }).settings;
  const story = new Story(createMachine({}), { ...requested(), settings });
  story.receives('job.completed', news);
  const event = story.log.events[1];
  assert.ok(event !== undefined);
  let { run } = story;
  while (run.position.sequence < 12_000) {
    const sequence = run.position.sequence + 1;
    run = fold(run, { ...event, position: { seq: sequence * 3, sequence } });
  }
  assert.equal(run.state.kind, 'active');
  const data = { ...requested(), settings };
  assert.doesNotMatch(encodeData({ type: 'workflow.requested', data }), /max_events/);
});

test('no history makes a log longer than its limit by more than what was written meanwhile, and replay holds', () => {
  const machine = agentMachine(automation);
  const choices = fc.noBias(fc.array(fc.nat({ max: 10_000 }), { minLength: 20, maxLength: 200 }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), choices, (max_events, given) => {
      const request = requested({ max_events });
      const log = new World({ machine, request, answer: randomAgent, choices: given, honest: true }).live();
      checkLog(log, machine);
      const decided = log.findIndex(
        (event) => event.type === 'workflow.failed' && event.data.error?.code === 'log_limit',
      );
      if (decided < 0) return;
      const cause = log.find(({ id }) => id === log[decided]?.causationId);
      assert.ok(cause !== undefined && cause.position.sequence <= Math.max(1, max_events));
      assert.ok(isTerminal(log[decided]?.type ?? ''));
    }),
    { seed, numRuns: 150 },
  );
});
