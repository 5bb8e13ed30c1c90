import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign } from 'xstate';
import { asks, createMachine, done, failure, news } from '../test-support/machines.ts';
import { Story } from '../test-support/story.ts';
import { says } from '../test-support/turns.ts';

test('an outcome reaches the machine as the done event of its actor, with the id of the request that it answers', () => {
  const story = new Story(
    createMachine({
      context: { seen: undefined as unknown },
      output: ({ context }) => ({ output: context['seen'] as unknown }),
      initial: 'a',
      states: {
        a: {
          invoke: {
            ...asks(),
            onDone: { target: 'b', actions: assign({ seen: ({ event }) => event.output as unknown }) },
          },
        },
        b: done,
      },
    }),
  ).settled();
  const [request] = story.requests('llm.requested');
  story.answers('llm.completed', says('Yes.'));
  assert.deepEqual(story.owes('workflow.completed').data.output, {
    ...says('Yes.'),
    request_id: request?.id,
  });
});

test('a failure reaches the machine as the error event of its actor', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: { invoke: { ...asks(), onError: 'b' } },
        b: done,
      },
    }),
  )
    .settled()
    .answers('llm.failed', { error: failure, attempts: 1 });
  assert.deepEqual(story.owedTypes(), ['workflow.completed']);
});

test('a request that was answered before its cancellation could be written is not cancelled any more', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: { invoke: asks(), on: { 'job.completed': 'b' } },
        b: {},
      },
    }),
  )
    .settled()
    .receives('job.completed', news);
  assert.deepEqual(story.owedTypes(), ['llm.cancelled']);
  assert.deepEqual(story.answers('llm.completed', says('Too late.')).owed(), []);
});

test('an actor id that is used again is answered only by the outcome of its own request', () => {
  const ask = { invoke: asks() } as const;
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: { ...ask, on: { 'job.completed': 'b' } },
        b: { invoke: { ...ask.invoke, onDone: 'c' } },
        c: done,
      },
    }),
  )
    .settled()
    .receives('job.completed', news)
    .settled();
  assert.deepEqual(story.answers('llm.completed', says('Of turn 1.'), 0).owed(), []);
  assert.deepEqual(story.answers('llm.completed', says('Of turn 2.'), 1).owedTypes(), ['workflow.completed']);
});

test('an outcome that comes twice is taken once', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: { invoke: { ...asks(), onDone: 'b' } },
        b: { on: { 'xstate.done.actor.think': 'c' } },
        c: done,
      },
    }),
  )
    .settled()
    .answers('llm.completed', says('Yes.'))
    .answers('llm.completed', says('Yes, yes.'));
  assert.deepEqual(story.owed(), []);
});

test('an outcome of a request that nobody made is not seen', () => {
  const machine = createMachine({
    initial: 'a',
    states: { a: { invoke: asks(), on: { '*': 'b' } }, b: done },
  });
  const story = new Story(machine).settled().receives('llm.completed', says('Me too.'), 'another-request');
  assert.deepEqual(story.owed(), []);
  assert.equal(story.run.steps, 0, 'and it is not counted');
});

test('an outcome of another kind than its request is not seen', () => {
  const machine = createMachine({
    initial: 'a',
    states: { a: { invoke: asks(), on: { '*': 'b' } }, b: done },
  });
  const story = new Story(machine).settled();
  const [request] = story.requests('llm.requested');
  story.receives('memory.completed', { snippets: [] }, request?.id);
  assert.deepEqual(story.owed(), []);
  assert.deepEqual(story.answers('llm.completed', says('Yes.')).owedTypes(), ['workflow.completed']);
});

test('what others write for their own use counts, and means nothing to the machine', () => {
  const machine = createMachine({
    initial: 'a',
    states: { a: { invoke: asks(), on: { '*': 'b' } }, b: done },
  });
  const story = new Story(machine)
    .settled()
    .receives('tool.started', { tool: 'notify_user', token: 't' })
    .receives('notification.created', { notification_id: 'n_1', level: 'info', message: 'Hi.' });
  assert.deepEqual(story.owed(), []);
  assert.equal(story.run.position.sequence, story.log.events.length);
});
