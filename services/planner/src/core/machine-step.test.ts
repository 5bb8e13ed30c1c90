import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyStateMachine } from 'xstate';
import { assign, emit, log, raise, sendParent, sendTo, setup, spawnChild } from 'xstate';
import { encodeData } from '@troupe/contracts';
import { asks, createMachine, done, failure, news, question } from '../test-support/machines.ts';
import { Story } from '../test-support/story.ts';
import { says } from '../test-support/turns.ts';
import { effects } from './effects.ts';

/** The message of the `workflow.failed` that a machine owes once it did what it must not. */
function machineError(machine: AnyStateMachine, until: (story: Story) => Story = (story) => story): string {
  const story = until(new Story(machine));
  assert.deepEqual(story.owedTypes(), ['workflow.failed'], 'this and nothing else');
  const draft = story.owes('workflow.failed');
  assert.equal(draft.data.error?.code, 'machine_error');
  assert.doesNotThrow(() => encodeData(draft), 'it can be written');
  assert.deepEqual(story.receives('job.completed', news).owedTypes(), ['workflow.failed'], 'it stays so');
  return draft.data.error.message;
}

const afterNews = (story: Story): Story => story.settled().receives('job.completed', news);
const wrong = (): never => {
  throw new Error('something is wrong');
};
/** A machine that does `actions` when it is told news. */
const doing = (...actions: unknown[]): AnyStateMachine =>
  createMachine({ on: { 'job.completed': { actions: actions as never } } });

test('a guard, assignment, input, output, context or delay that throws fails the run with the reason', () => {
  const machines: Record<string, AnyStateMachine> = {
    guard: createMachine({ on: { 'job.completed': { guard: wrong, actions: assign({}) } } }),
    assignment: doing(assign(wrong)),
    input: createMachine({
      initial: 'a',
      states: { a: { on: { 'job.completed': 'b' } }, b: { invoke: { ...asks(), input: wrong } } },
    }),
    output: createMachine({
      initial: 'a',
      output: wrong,
      states: { a: { on: { 'job.completed': 'b' } }, b: done },
    }),
    delay: setup({ actors: effects, delays: { wrong } }).createMachine({
      initial: 'a',
      states: { a: { on: { 'job.completed': 'b' } }, b: { after: { wrong: 'a' } } },
    }),
  };
  for (const [name, machine] of Object.entries(machines)) {
    assert.match(machineError(machine, afterNews), /something is wrong/, name);
  }
  assert.match(machineError(createMachine({ context: wrong })), /something is wrong/);
  assert.match(machineError(createMachine({ entry: assign(wrong) })), /something is wrong/);
});

test('a machine may throw anything', () => {
  for (const thrown of [
    undefined,
    null,
    'text',
    42n,
    Object.create(null),
    { toString: wrong },
    Symbol('s'),
  ]) {
    const machine = doing(
      assign(() => {
        throw thrown;
      }),
    );
    assert.match(machineError(machine, afterNews), /could not go on/);
  }
});

test('a failure that the machine does not handle fails the run and names it', () => {
  const machine = createMachine({ initial: 'a', states: { a: { invoke: asks() } } });
  const message = machineError(machine, (story) =>
    story.settled().answers('llm.failed', { error: failure, attempts: 1 }),
  );
  assert.match(message, /some_failure/);
});

test('an action that would never run fails the run instead of being forgotten', () => {
  const actions: Record<string, unknown> = {
    custom: () => undefined,
    log: log('hello'),
    emit: emit({ type: 'hello' }),
    sendTo: sendTo(({ self }) => self, { type: 'hello' }),
    sendParent: sendParent({ type: 'hello' }),
  };
  for (const [name, action] of Object.entries(actions)) {
    assert.notEqual(machineError(doing(action), afterNews), '', name);
  }
  assert.match(machineError(doing('not implemented'), afterNews), /"not implemented" would never run/);
});

test('an actor that is made inside assign or context fails the run, also under the name of one that is finished', () => {
  const inAssign = assign(({ spawn }) => {
    spawn('llm.complete', { id: 'think', input: question() });
    return {};
  });
  assert.match(machineError(doing(inAssign), afterNews), /inside assign or context/);
  const again = createMachine({
    initial: 'a',
    states: { a: { invoke: { ...asks(), onDone: 'b' } }, b: { entry: inAssign as never } },
  });
  assert.match(
    machineError(again, (story) => story.settled().answers('llm.completed', says('Yes.'))),
    /inside assign or context/,
  );
  const inContext = createMachine({
    context: ({ spawn }) => ({ child: spawn('llm.complete', { input: question() }) }),
  });
  assert.match(machineError(inContext), /inside assign or context/);
});

test('an actor needs a known source, a name, no systemId, and no twin at work', () => {
  const foreign = setup({ actors: { ...effects, other: createMachine({}) } }).createMachine({
    invoke: { id: 'x', src: 'other' },
  });
  assert.match(machineError(foreign), /"other" is not an effect/);
  const unnamed = doing(spawnChild('llm.complete', { input: question() }));
  assert.match(machineError(unnamed, afterNews), /needs an id/);
  const inline = doing(spawnChild(createMachine({}), { id: 'x' }));
  assert.match(machineError(inline, afterNews), /must be named in setup/);
  const twins = doing(
    spawnChild('llm.complete', { id: 'think', input: question() }),
    spawnChild('llm.complete', { id: 'think', input: question() }),
  );
  assert.match(machineError(twins, afterNews), /"think" is still at work/);
});

test('a systemId is refused in the same words by every run of the process', () => {
  const machine = createMachine({ invoke: { ...asks(), systemId: 'thinker' } });
  const message = machineError(machine);
  assert.match(message, /systemId "thinker"/);
  assert.equal(machineError(machine), message);
});

test('a machine that goes round in circles fails the run', () => {
  const always = createMachine({
    initial: 'a',
    states: { a: { on: { 'job.completed': 'b' } }, b: { always: 'c' }, c: { always: 'b' } },
  });
  assert.match(machineError(always, afterNews), /Infinite loop/);
  const atOnce = createMachine({ initial: 'b', states: { b: { always: 'c' }, c: { always: 'b' } } });
  assert.match(machineError(atOnce), /Infinite loop/);
  const raising = createMachine({
    on: { 'job.completed': { actions: raise({ type: 'more' }) }, more: { actions: raise({ type: 'more' }) } },
  });
  assert.match(machineError(raising, afterNews), /Infinite loop/);
});

test('a delay that no clock can keep, and two timers of one name, fail the run', () => {
  for (const delay of [Number.NaN, Number.POSITIVE_INFINITY, 1e15]) {
    assert.match(machineError(doing(raise({ type: 'late' }, { delay })), afterNews), /The delay of "late"/);
  }
  const twice = doing(raise({ type: 'late' }, { delay: 5 }), raise({ type: 'late' }, { delay: 9 }));
  assert.match(machineError(twice, afterNews), /"late" is still running/);
});

test('a final state needs exactly one known tag', () => {
  for (const tags of [[], ['finished'], ['workflow.completed', 'workflow.failed']]) {
    const machine = createMachine({ initial: 'a', states: { a: { type: 'final', tags } } });
    assert.match(machineError(machine), /exactly one of the tags/);
  }
});

test('a request or a result that breaks its contract fails the run instead of stopping it for ever', () => {
  const request = createMachine({ invoke: { ...asks(), input: { ...question(), turn: 0 } } });
  assert.match(machineError(request), /llm\.requested breaks the contract/);
  const tooLong = createMachine({ invoke: { id: 'r', src: 'memory.recall', input: { query: '', k: 1 } } });
  assert.match(machineError(tooLong), /memory\.requested breaks the contract/);
  for (const output of [
    { answer: 42 },
    { output: 1n },
    { error: { code: 'Bad Code', message: '', hint: '' } },
  ]) {
    const machine = createMachine({ initial: 'a', output: () => output, states: { a: done } });
    assert.match(machineError(machine), /workflow\.completed breaks the contract/);
  }
});

test('a result that no message can hold fails the run instead of stopping it for ever', () => {
  const answer = 'ü'.repeat(500_000);
  const machine = createMachine({ initial: 'a', output: { answer }, states: { a: done } });
  assert.match(machineError(machine), /larger than/);
});

test('a machine that is stopped from inside fails the run', () => {
  const machine = doing(raise({ type: 'xstate.stop' }, { delay: 5 }));
  assert.match(
    machineError(machine, (story) => afterNews(story).timer()),
    /stopped before a final state/,
  );
});
