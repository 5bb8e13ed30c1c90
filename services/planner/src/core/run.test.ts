import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, enqueueActions, spawnChild } from 'xstate';
import type { EventDraft, UnknownEvent } from '@troupe/contracts';
import { contractOf, encodeData, eventId } from '@troupe/contracts';
import { asks, createMachine, done, failure, news, question } from '../test-support/machines.ts';
import { MemoryLog } from '../test-support/memory-log.ts';
import { Story } from '../test-support/story.ts';
import { says } from '../test-support/turns.ts';
import { MachineError } from './machine-step.ts';
import { begin, fold, openTimers, owed, UnknownVersionError } from './run.ts';

test('a final state leaves the terminal event alone: no request, no cancellation, no timer', () => {
  const story = new Story(
    createMachine({
      initial: 'a',
      states: {
        a: {
          entry: enqueueActions(({ enqueue }) => {
            enqueue.spawnChild('llm.complete', { id: 'one', input: question(1) });
            enqueue.raise({ type: 'late' }, { id: 'reminder', delay: 100 });
          }),
          on: {
            'job.completed': {
              target: 'b',
              actions: spawnChild('llm.complete', { id: 'two', input: question(2) }),
            },
          },
        },
        b: done,
      },
    }),
  )
    .settled()
    .receives('job.completed', news);
  assert.deepEqual(story.owedTypes(), ['workflow.completed']);
  assert.deepEqual(openTimers(story.run), []);
  story.answers('llm.completed', says('Too late.')).receives('job.completed', news);
  assert.deepEqual(story.owedTypes(), ['workflow.completed'], 'and it stays as it was');
  assert.equal(owed(story.settled().run).length, 0);
});

test('the tag of the final state is the type of the terminal event, and the output its content', () => {
  for (const type of [
    'workflow.completed',
    'workflow.failed',
    'workflow.cancelled',
    'workflow.disabled',
  ] as const) {
    const output =
      type === 'workflow.failed' ? { error: failure } : { answer: 'A', output: { total: 42 }, reason: 'why' };
    const story = new Story(
      createMachine({ initial: 'a', output, states: { a: { type: 'final', tags: type } } }),
    );
    const body = JSON.parse(encodeData(story.owes(type))) as unknown;
    assert.deepEqual(body, {
      workflow_id: 'wf_1',
      user_id: 'alice',
      workflow_type: 'automation',
      status: type.slice('workflow.'.length),
      ...output,
      steps: 0,
      usage: { input_tokens: 0, output_tokens: 0 },
      cost_nano_usd: 0,
      correlation_id: 'corr-1',
      started_at: '2026-01-01T00:00:00.000Z',
      finished_at: '2026-01-01T00:00:00.000Z',
    });
  }
});

test('an event that does not follow is never folded', () => {
  const story = new Story(createMachine({}));
  const [first] = story.log.events;
  assert.throws(() => fold(story.run, first!), RangeError);
});

test('a log that does not begin with a request is over', () => {
  const log = new MemoryLog();
  const refusal = contractOf('workflow.failed').example;
  const first = log.add({
    ...{ type: 'workflow.failed', data: refusal, id: eventId('a', 'b'), source: '/troupe/planner/door' },
    ...{ user: 'alice', workflow: 'wf_1', correlationId: 'wf_1', causationId: 'door/1' },
  } as unknown as EventDraft);
  const run = begin(first, () => createMachine({}));
  assert.equal(run.state.kind, 'ended');
  assert.deepEqual(owed(run), []);
});

test('a run of a version that this planner has not got is left to one that has it, not failed', () => {
  const story = new Story(createMachine({}));
  const begins = (): unknown =>
    begin(story.log.events[0]!, () => {
      throw new UnknownVersionError('There is no such version.');
    });
  assert.throws(begins, UnknownVersionError);
});

test('a machine that cannot be had fails the run', () => {
  const story = new Story(createMachine({}));
  const run = begin(story.log.events[0]!, () => {
    throw new MachineError('It was changed.');
  });
  const [draft] = owed(run) as [EventDraft<'workflow.failed'>];
  assert.match(draft.data.error?.message ?? '', /It was changed/);
});

test('an event of a type that nobody knows yet counts, and means nothing', () => {
  const story = new Story(createMachine({ initial: 'a', states: { a: { on: { '*': 'b' } }, b: done } }));
  const first = story.log.events[0]!;
  const unknown: UnknownEvent = {
    ...first,
    type: 'unknown',
    unknownType: 'approval.granted',
    id: eventId('x', 'y'),
    position: { seq: 99, sequence: 2 },
  };
  story.folds(unknown);
  assert.deepEqual(story.owed(), []);
  assert.deepEqual(story.run.position, { seq: 99, sequence: 2 });
});

test('events after the end count, and change nothing', () => {
  const story = new Story(
    createMachine({ initial: 'a', states: { a: { invoke: { ...asks(), onDone: 'b' } }, b: done } }),
  )
    .settled()
    .answers('llm.completed', says('Yes.'))
    .settled();
  const { position, ...ended } = story.run;
  story.answers('llm.completed', says('Again.')).receives('job.completed', news);
  const { position: later, ...still } = story.run;
  assert.deepEqual(still, ended);
  assert.equal(later.sequence, position.sequence + 2);
  assert.equal(still.state.kind, 'ended');
});

test('the end may be written by somebody else: nothing is owed any more', () => {
  const story = new Story(createMachine({ initial: 'a', states: { a: { invoke: asks() } } }));
  assert.deepEqual(story.owedTypes(), ['llm.requested']);
  story.receives('workflow.failed', { ...contractOf('workflow.failed').example } as never);
  assert.deepEqual(story.owed(), []);
});

test('ids, causes and the correlation id follow from the log alone', () => {
  const machine = createMachine({
    initial: 'a',
    states: { a: { invoke: { ...asks(), onDone: 'b' } }, b: { after: { 5: 'c' } }, c: done },
  });
  const story = new Story(machine);
  const [first] = story.log.events;
  const request = story.owes('llm.requested');
  assert.equal(request.id, eventId(first!.id, 'think'));
  assert.equal(request.causationId, first!.id);
  story.settled().answers('llm.completed', says('Yes.'));
  const answer = story.log.events.at(-1)!;
  assert.equal(openTimers(story.run)[0]?.id, eventId(answer.id, 'xstate.after.5.(machine).b'));
  story.timer();
  const fired = story.log.events.at(-1)!;
  const ending = story.owes('workflow.completed');
  assert.equal(ending.id, eventId(fired.id, 'terminal'));
  assert.equal(ending.causationId, fired.id);
  for (const draft of [request, ending]) {
    assert.equal(draft.correlationId, 'corr-1');
    assert.equal(draft.source, '/troupe/planner');
  }
});

test('the result counts the outcomes, tokens and dollars that the run took in, and spans its stream times', () => {
  const machine = createMachine({
    initial: 'a',
    states: {
      a: { invoke: { id: 'recall', src: 'memory.recall', input: { query: 'q', k: 1 }, onError: 'b' } },
      b: { invoke: { ...asks(), onDone: 'c' } },
      c: { invoke: { ...asks('again', 2), onDone: 'd' } },
      d: done,
    },
  });
  const story = new Story(machine)
    .settled()
    .answers('memory.failed', { error: failure })
    .settled()
    .answers('llm.completed', says('One.'))
    .answers('llm.completed', says('One more.'))
    .settled()
    .answers('llm.completed', says('Two.'));
  assert.equal(story.owes('workflow.completed').data.cost_nano_usd, 2_000);
  const { steps, usage, started_at, finished_at } = story.owes('workflow.completed').data;
  assert.deepEqual({ steps, usage }, { steps: 3, usage: { input_tokens: 20, output_tokens: 4 } });
  assert.equal(started_at, new Date(story.log.events[0]!.storedAt).toISOString());
  assert.equal(finished_at, new Date(story.log.events.at(-1)!.storedAt).toISOString());
});

test('what is written is folded as if it had been delivered', () => {
  const machine = createMachine({
    initial: 'a',
    states: { a: { invoke: { ...asks(), onDone: 'b' } }, b: done },
  });
  const live = new Story(machine).settled();
  assert.deepEqual(live.run.position, live.refolded().position);
  live.answers('llm.completed', says('Yes.')).settled();
  assert.deepEqual(live.run, live.refolded());
});

test('two runs on one machine do not influence each other, however they are interleaved', () => {
  const machine = createMachine({
    context: { heard: 0 },
    initial: 'a',
    on: { 'job.completed': { actions: assign({ heard: ({ context }) => Number(context['heard']) + 1 }) } },
    output: ({ context }) => ({ answer: String(context['heard']) }),
    states: { a: { invoke: { ...asks(), onDone: 'b' } }, b: done },
  });
  const one = new Story(machine).settled();
  const two = new Story(machine);
  one.receives('job.completed', news);
  two.settled().receives('job.completed', news).receives('job.completed', news);
  one.answers('llm.completed', says('Yes.'));
  two.receives('job.completed', news).answers('llm.completed', says('Yes.'));
  assert.equal(one.owes('workflow.completed').data.answer, '1');
  assert.equal(two.owes('workflow.completed').data.answer, '3');
});
