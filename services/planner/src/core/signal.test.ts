import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, setup } from 'xstate';
import type { Json, LogEvent } from '@troupe/contracts';
import { AgentStory } from '../test-support/agent-story.ts';
import { asks, done } from '../test-support/machines.ts';
import { Story } from '../test-support/story.ts';
import { says } from '../test-support/turns.ts';
import { effects } from './effects.ts';

const machine = setup({
  types: {
    context: {} as { said: readonly Json[] },
    events: {} as { type: 'signal'; name: string; data?: Json },
    output: {},
  },
  actors: effects,
}).createMachine({
  context: { said: [] },
  initial: 'waiting',
  output: ({ context }) => ({ output: context.said }),
  states: {
    waiting: {
      on: {
        signal: [
          { guard: ({ event }) => event.name === 'go', target: 'asking' },
          { actions: assign({ said: ({ context, event }) => [...context.said, event.data ?? null] }) },
        ],
      },
    },
    asking: { invoke: { ...asks(), onDone: 'done' } },
    done,
  },
});

test('a machine receives a signal by name, with its data, in the order of the log', () => {
  const story = new Story(machine);
  story.receives('workflow.signalled', { name: 'note', data: { total: 42 } });
  story.receives('workflow.signalled', { name: 'note' });
  story.receives('workflow.signalled', { name: 'note', data: [1, null] });
  assert.deepEqual(story.owedTypes(), []);
  story.receives('workflow.signalled', { name: 'go' });
  assert.deepEqual(story.owedTypes(), ['llm.requested']);
  story.settled().answers('llm.completed', says('42'));
  const { data } = story.ending as LogEvent<'workflow.completed'>;
  assert.deepEqual(data.output, [{ total: 42 }, null, [1, null]]);
  assert.equal(data.steps, 1, 'a signal is no step');
});

test('what a signal makes the machine ask is caused by that signal', () => {
  const story = new Story(machine).receives('workflow.signalled', { name: 'go' });
  assert.equal(story.owes('llm.requested').causationId, story.log.events.at(-1)?.id);
});

test('a machine that does not handle signals goes on as if there were none', () => {
  const [with_, without] = [new AgentStory(), new AgentStory()];
  with_.receives('workflow.signalled', { name: 'hello' }).recalls();
  without.recalls();
  with_.receives('workflow.signalled', { name: 'cancel', data: { type: 'job.completed' } });
  assert.deepEqual(with_.owed(), without.owed());
  assert.equal(with_.thinks(says('42')).ending?.type, 'workflow.completed');
});

test('the run knows the signals and cancellations in its log, also when it is folded anew', () => {
  const story = new Story(machine);
  for (let i = 0; i < 3; i += 1) story.receives('workflow.signalled', { name: 'note' });
  story.receives('workflow.cancel_requested', {});
  const ids = story.log.events.slice(1).map(({ id }) => id);
  for (const { told, signals } of [story.run, story.refolded()]) {
    assert.deepEqual([...told], ids);
    assert.equal(signals, 3);
  }
});
