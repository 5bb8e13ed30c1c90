// The life of a run, as an ordinary XState machine: recall, think, act, think …, done. Its states are the flow. It does no I/O:
// invoked and spawned actors become requests in the log, `after` becomes a durable timer (core/run.ts).
import { assign, enqueueActions, setup } from 'xstate';
import type { DataOf } from '@troupe/contracts';
import { effects } from '../core/effects.ts';
import type { AgentContext, AgentEvent, AgentInput } from './agent-context.ts';
import {
  answerOf,
  begun,
  callsOf,
  DEADLINE,
  errorOf,
  isAnswered,
  isLast,
  jobNews,
  modelRequest,
  nextTurn,
  repairMessages,
  toolActor,
  toolMessages,
  withResult,
} from './agent-context.ts';
import type { WorkflowDefinition } from './define-workflow.ts';
import { firstPrompt } from './prompt.ts';
import { readTurn } from './read-turn.ts';

/** The machine of one workflow type. */
export function agentMachine(definition: WorkflowDefinition) {
  return setup({
    types: {
      context: {} as AgentContext,
      input: {} as AgentInput,
      output: {},
      events: {} as AgentEvent,
    },
    actors: effects,
    delays: { deadline: ({ context }) => context.request.deadline_seconds * 1_000 },
    guards: {
      isEnabled: ({ context }) => context.request.settings.enabled,
      recallsNothing: ({ context }) => context.request.settings.recall_k === 0,
      answers: ({ context }) => context.reading?.kind === 'answer',
      acts: ({ context }) => context.reading?.kind === 'act',
      mayRepair: ({ context }) =>
        context.reading?.kind === 'repair' && context.repairs < context.request.settings.max_repairs,
      allCallsAnswered: ({ context }) => isAnswered(context),
    },
  }).createMachine({
    id: definition.type,
    context: ({ input }) => begun(input),
    output: ({ context }) => context.ending,
    initial: 'requested',
    states: {
      requested: {
        always: [
          { guard: 'isEnabled', target: 'running' },
          { target: 'disabled', actions: assign({ ending: { reason: 'feature_flag_off' } }) },
        ],
      },

      running: {
        after: { deadline: { target: 'failed', actions: assign({ ending: { error: DEADLINE } }) } },
        on: {
          'workflow.cancel_requested': {
            target: 'cancelled',
            actions: assign({ ending: ({ event }) => ({ reason: event.reason ?? 'cancel_requested' }) }),
          },
          // A job that nobody waited for: the model hears of it with its next turn.
          'job.completed': {
            actions: assign({
              prompt: ({ context, event }) => [
                ...context.prompt,
                jobNews(event.job_id, 'completed', event.output),
              ],
            }),
          },
          'job.failed': {
            actions: assign({
              prompt: ({ context, event }) => [
                ...context.prompt,
                jobNews(event.job_id, 'failed', { text: JSON.stringify(event.error) }),
              ],
            }),
          },
        },
        initial: 'recalling',
        states: {
          recalling: {
            always: { guard: 'recallsNothing', target: 'prompting' },
            invoke: {
              id: 'recall',
              src: 'memory.recall',
              input: ({ context }) => ({
                query: context.request.goal,
                k: Math.max(1, context.request.settings.recall_k),
              }),
              onDone: {
                target: 'prompting',
                actions: assign({ snippets: ({ event }) => event.output.snippets }),
              },
              // A run without its past is better than no run.
              onError: 'prompting',
            },
          },

          prompting: {
            always: {
              target: 'thinking',
              actions: assign({
                prompt: ({ context }) => [
                  ...firstPrompt({ ...context, instructions: definition.instructions }),
                  ...context.prompt,
                ],
              }),
            },
          },

          thinking: {
            entry: assign(({ context }) => nextTurn(context)),
            invoke: {
              id: 'think',
              src: 'llm.complete',
              input: ({ context }) => modelRequest(context, definition),
              onDone: {
                target: 'deciding',
                actions: assign({
                  continues: ({ event }) => event.output.request_id,
                  prompt: ({ context }) => context.prompt.slice(context.asked),
                  reading: ({ context, event }) =>
                    readTurn(event.output, {
                      tools: context.request.settings.tools,
                      outputSchema: definition.outputSchema,
                      isLast: isLast(context, context.turn),
                    }),
                }),
              },
              onError: {
                target: '#failed',
                actions: assign({
                  ending: ({ event }) => ({ error: (event.error as DataOf<'llm.failed'>).error }),
                }),
              },
            },
          },

          deciding: {
            always: [
              {
                guard: 'answers',
                target: '#completed',
                actions: assign({ ending: ({ context }) => answerOf(context) }),
              },
              { guard: 'acts', target: 'acting', actions: assign({ repairs: 0 }) },
              {
                guard: 'mayRepair',
                target: 'thinking',
                actions: assign({
                  repairs: ({ context }) => context.repairs + 1,
                  prompt: ({ context }) => [...repairMessages(context), ...context.prompt],
                }),
              },
              {
                target: '#failed',
                actions: assign({ ending: ({ context }) => ({ error: errorOf(context) }) }),
              },
            ],
          },

          acting: {
            entry: [
              assign({ results: new Map() }),
              enqueueActions(({ context, enqueue }) => {
                callsOf(context).forEach(({ call, tool, arguments: args }, i) => {
                  const input = { call_id: call.call_id, tool, arguments: args };
                  enqueue.spawnChild('tool.call', { id: toolActor(context, i), input });
                });
              }),
            ],
            on: {
              'xstate.done.actor.*': {
                actions: assign({ results: ({ context, event }) => withResult(context, event) }),
              },
              'xstate.error.actor.*': {
                actions: assign({ results: ({ context, event }) => withResult(context, event) }),
              },
            },
            always: {
              guard: 'allCallsAnswered',
              target: 'thinking',
              actions: assign({ prompt: ({ context }) => [...toolMessages(context), ...context.prompt] }),
            },
          },
        },
      },

      completed: { id: 'completed', type: 'final', tags: 'workflow.completed' },
      failed: { id: 'failed', type: 'final', tags: 'workflow.failed' },
      cancelled: { type: 'final', tags: 'workflow.cancelled' },
      disabled: { type: 'final', tags: 'workflow.disabled' },
    },
  });
}
