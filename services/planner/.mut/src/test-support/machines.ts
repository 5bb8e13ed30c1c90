// Pieces of small machines, for tests of the interpreter: ordinary XState, with the planner's effects as actors.
import { setup } from 'xstate';
import type { DataOf, Failure } from '@troupe/contracts';
import { effects } from '../core/effects.ts';

export const { createMachine } = setup({ actors: effects });

/** What a machine is told from outside by `job.completed`. */
export const news: DataOf<'job.completed'> = { job_id: 'job_1', output: { text: '{}' } };

export const failure: Failure = { code: 'some_failure', message: 'It failed.', hint: 'Try again.' };

export const question = (turn = 1): DataOf<'llm.requested'> => ({
  turn,
  messages: [{ role: 'user', content: { text: 'Well?' } }],
  tools: [],
  tool_choice: 'none',
  max_tokens: 100,
});

/** An actor that asks a model, to be invoked. */
export const asks = (id = 'think', turn = 1) => ({ id, src: 'llm.complete', input: question(turn) }) as const;

/** A final state. */
export const done = { type: 'final', tags: 'workflow.completed' } as const;
