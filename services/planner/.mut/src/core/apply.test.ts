import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancel, raise, spawnChild, stopChild } from 'xstate';
import type { DataOf } from '@troupe/contracts';
import { eventId } from '@troupe/contracts';
import { asks, createMachine, done, news, question } from '../test-support/machines.ts';
import { Story } from '../test-support/story.ts';
import { says } from '../test-support/turns.ts';
import { openTimers } from './run.ts';

test('an invoked actor owes its request, with the input as its data, until the log holds it', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: { a: { invoke: asks() } },
    }),
  );
  assert.deepEqual(story.owed(), [{ type: 'llm.requested', data: question() }]);
  assert.deepEqual(story.settled().owed(), []);
});

test('what was opened and stopped before it was written is never owed', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: { invoke: asks(), on: { 'job.completed': 'b' } },
        b: { invoke: { id: 'recall', src: 'memory.recall', input: { query: 'q', k: 1 } } },
      },
    }),
  );
  assert.deepEqual(story.owedTypes(), ['llm.requested']);
  story.receives('job.completed', news);
  assert.deepEqual(story.owedTypes(), ['memory.requested']);
});

test('what is opened and stopped within one step is never owed', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: { invoke: asks(), always: 'b' },
        b: {},
      },
    }),
  );
  assert.deepEqual(story.owed(), []);
});

test('what was written and then stopped owes its cancellation, once, named after the request', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: { invoke: asks(), on: { 'job.completed': 'b' } },
        b: {},
      },
    }),
  ).settled();
  const [request] = story.requests('llm.requested');
  story.receives('job.completed', news);
  const draft = story.owes('llm.cancelled');
  assert.deepEqual(draft.data, { reason: 'stopped_by_machine' });
  assert.equal(draft.causationId, request?.id);
  assert.equal(draft.id, eventId(String(request?.id), 'cancelled'));
  assert.deepEqual(story.settled().owed(), []);
});

test('cancellations are owed before the requests that take their place', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: {
          invoke: asks(),
          on: { 'job.completed': { target: 'a', reenter: true } },
        },
      },
    }),
  ).settled();
  const [first] = story.requests('llm.requested');
  story.receives('job.completed', news);
  assert.deepEqual(story.owedTypes(), ['llm.cancelled', 'llm.requested']);
  assert.notEqual(story.owes('llm.requested').id, first?.id, 'the same actor id, another request');
});

test('a stopped recall is left to finish in vain', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: {
          invoke: { id: 'recall', src: 'memory.recall', input: { query: 'q', k: 1 } },
          on: { 'job.completed': 'b' },
        },
        b: { on: { 'xstate.done.actor.recall': 'c' } },
        c: done,
      },
    }),
  )
    .settled()
    .receives('job.completed', news);
  assert.deepEqual(story.owed(), []);
  assert.deepEqual(story.answers('memory.completed', { snippets: [] }).owed(), []);
});

test('spawned actors work beside each other until they are stopped by name', () => {
  const story = new Story(
    createMachine({
      entry: [
        spawnChild('llm.complete', { id: 'one', input: question(1) }),
        spawnChild('llm.complete', { id: 'two', input: question(2) }),
      ],
      on: { 'job.completed': { actions: stopChild('one') } },
    }),
  );
  assert.deepEqual(
    story.owed().map(({ data }) => (data as DataOf<'llm.requested'>).turn),
    [1, 2],
  );
  story.settled().receives('job.completed', news);
  assert.deepEqual(story.owedTypes(), ['llm.cancelled']);
  assert.equal(story.owes('llm.cancelled').causationId, story.requests('llm.requested')[0]?.id);
});

test('parallel states open their requests together and close them one by one', () => {
  const branch = (id: string, turn: number) =>
    ({
      initial: 'asking',
      states: {
        asking: { invoke: { ...asks(id, turn), onDone: 'answered' } },
        answered: { type: 'final' },
      },
    }) as const;
  const story = new Story(
    createMachine({
      initial: 'both',
      states: {
        both: { type: 'parallel', states: { left: branch('l', 1), right: branch('r', 2) }, onDone: 'end' },
        end: done,
      },
    }),
  ).settled();
  assert.equal(story.requests('llm.requested').length, 2);
  assert.deepEqual(story.answers('llm.completed', says('Right.'), 1).owed(), []);
  assert.deepEqual(story.answers('llm.completed', says('Left.'), 0).owedTypes(), ['workflow.completed']);
});

test('a delayed transition is an open timer, due at the stream time of its cause plus the delay', () => {
  const story = new Story(createMachine({ initial: 'a', states: { a: { after: { 5_000: 'b' } }, b: done } }));
  const [timer] = openTimers(story.run);
  assert.equal(timer?.dueAt, (story.log.events[0]?.storedAt ?? 0) + 5_000);
  assert.deepEqual(story.owed(), []);
  assert.deepEqual(story.timer().owedTypes(), ['workflow.completed']);
});

test('leaving a state closes its timer, and a timer that fires all the same means nothing', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: { a: { after: { 5_000: 'c' }, on: { 'job.completed': 'b' } }, b: {}, c: done },
    }),
  );
  const [timer] = openTimers(story.run);
  story.receives('job.completed', news);
  assert.deepEqual(openTimers(story.run), []);
  story.receives('timer.fired', { timer: timer!.id, due_at: new Date(0).toISOString() });
  assert.deepEqual(story.owed(), []);
});

test('a state that is entered again has a new timer, under another id', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: { after: { 5_000: 'b' }, on: { 'job.completed': { target: 'a', reenter: true } } },
        b: done,
      },
    }),
  );
  const [first] = openTimers(story.run);
  story.receives('job.completed', news);
  const [second] = openTimers(story.run);
  assert.notEqual(second?.id, first?.id);
  story.receives('timer.fired', { timer: first!.id, due_at: new Date(0).toISOString() });
  assert.deepEqual(story.owed(), [], 'the first one is closed');
  assert.deepEqual(story.timer().owedTypes(), ['workflow.completed']);
});

test('delayed raises are timers that `cancel` closes; raises without delay happen at once', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      entry: [raise({ type: 'late' }, { id: 'reminder', delay: 100 }), raise({ type: 'now' })],
      states: { a: { on: { now: 'b' } }, b: { on: { 'job.completed': { actions: cancel('reminder') } } } },
    }),
  );
  assert.equal(story.run.state.kind === 'active' && story.run.state.snapshot.value, 'b');
  assert.deepEqual(
    openTimers(story.run).map(({ event }) => event.type),
    ['late'],
  );
  story.receives('job.completed', news);
  assert.deepEqual(openTimers(story.run), []);
});
