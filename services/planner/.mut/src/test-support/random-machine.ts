// Random machines that invoke, spawn, stop, wait, re-enter and end, for properties that hold for every machine.
import fc from 'fast-check';
import type { AnyStateMachine } from 'xstate';
import { spawnChild, stopChild } from 'xstate';
import type { DataOf, LogEvent } from '@troupe/contracts';
import { createMachine, done, failure, question } from './machines.ts';
import { says } from './turns.ts';
import type { Answer } from './world.ts';

const NAMES = ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd', 'end'] as const;
const call: DataOf<'tool.requested'> = {
  call_id: 'c1',
  tool: { name: 'notify_user', hash: 'a'.repeat(64) },
  arguments: { text: 'hi' },
};

const target = fc.constantFrom(...NAMES);
const actor = fc.constantFrom(
  { id: 'think', src: 'llm.complete', input: question() },
  { id: 'act', src: 'tool.call', input: call },
  { id: 'recall', src: 'memory.recall', input: { query: 'q', k: 1 } },
);
const transition = fc.record({ target, reenter: fc.boolean() });

const state = fc
  .record({
    invoked: fc.uniqueArray(fc.record({ actor, onDone: target, onError: target }), {
      maxLength: 2,
      selector: (invoked) => invoked.actor.id,
    }),
    spawns: fc.nat({ max: 5 }),
    stops: fc.constantFrom('think', 'act', 'free', undefined),
    after: fc.option(fc.record({ delay: fc.integer({ min: 0, max: 40_000 }), transition })),
    onNews: fc.option(transition, { freq: 6 }),
    onEnd: fc.option(target),
  })
  .map(({ invoked, spawns, stops, after, onNews, onEnd }) => ({
    entry: [
      ...(stops === undefined ? [] : [stopChild(stops)]),
      ...(spawns === 1 ? [spawnChild('llm.complete', { id: 'free', input: question(2) })] : []),
    ],
    invoke: invoked.map(({ actor: source, onDone, onError }) => ({ ...source, onDone, onError })),
    ...(after === null ? {} : { after: { [after.delay]: after.transition } }),
    on: {
      ...(onNews === null ? {} : { 'job.completed': onNews }),
      ...(onEnd === null ? {} : { 'xstate.done.actor.free': onEnd }),
    },
  }));

/** It ends after five minutes of stream time at the latest, or when it is cancelled. */
export const randomMachine: fc.Arbitrary<AnyStateMachine> = fc
  .record({ a: state, b: state, c: state, d: state })
  .map((states) =>
    createMachine({
      initial: 'a',
      after: { 300_000: '.late' },
      on: { 'workflow.cancel_requested': '.cancelled', 'xstate.error.actor.free': {} },
      states: {
        ...(states as object),
        end: done,
        late: { type: 'final', tags: 'workflow.failed' },
        cancelled: { type: 'final', tags: 'workflow.cancelled' },
      },
    }),
  );

/** Success or failure of whatever was asked. */
export const anyAnswer: Answer = (
  request: LogEvent<'memory.requested' | 'llm.requested' | 'tool.requested'>,
  pick,
) => {
  const fails = pick(3) === 2;
  switch (request.type) {
    case 'memory.requested':
      return fails
        ? { type: 'memory.failed', data: { error: failure } }
        : { type: 'memory.completed', data: { snippets: [] } };
    case 'llm.requested':
      return fails
        ? { type: 'llm.failed', data: { error: failure, attempts: 1 } }
        : { type: 'llm.completed', data: says('Yes.') };
    case 'tool.requested': {
      const answered = { tool: 'notify_user', call_id: 'c1' };
      return fails
        ? {
            type: 'tool.failed',
            data: { ...answered, error: failure, retryable: false, outcome: 'not_done' },
          }
        : { type: 'tool.completed', data: { ...answered, output: { text: '1' } } };
    }
  }
};
