// What the agent machine remembers of a run, and the pure functions that its transitions use.
import type {
  DataOf,
  EventId,
  Failure,
  LargeText,
  MemorySnippet,
  PromptMessage,
  WorkflowRequested,
} from '@troupe/contracts';
import type { Answer } from '../core/effects.ts';
import type { MachineOutput } from '../core/run-state.ts';
import type { WorkflowDefinition } from './define-workflow.ts';
import { lastTurnNotice } from './prompt.ts';
import type { Reading, RequestedCall } from './read-turn.ts';
import { toolError } from './read-turn.ts';

export interface AgentInput {
  readonly request: WorkflowRequested;
  readonly workflow: string;
  readonly correlationId: string;
  /** The stream's time of the run's first event, in milliseconds since 1970. */
  readonly startedAt: number;
}

export interface AgentContext extends AgentInput {
  readonly snippets: readonly MemorySnippet[];
  /** The model turn that is being made or was made last, from 1. */
  readonly turn: number;
  /** Malformed turns in a row. */
  readonly repairs: number;
  /** What the conversation gains with the next model request … */
  readonly prompt: readonly PromptMessage[];
  /** … and how much of it the request under way has taken. */
  readonly asked: number;
  /** The model request that the next one continues. */
  readonly continues: EventId | undefined;
  readonly reading: Reading | undefined;
  /** Results of this turn's calls, by actor: two calls of a confused model may share a call id. */
  readonly results: ReadonlyMap<string, PromptMessage>;
  readonly ending: MachineOutput;
}

type ToolAnswer = Answer<DataOf<'tool.completed'>>;
type ToolFailure = Answer<DataOf<'tool.failed'>>;
export type ToolDone = { type: `xstate.done.actor.${string}`; actorId: string; output: ToolAnswer };
export type ToolFailed = { type: `xstate.error.actor.${string}`; actorId: string; error: ToolFailure };
export type AgentEvent =
  | { type: 'workflow.cancel_requested'; reason?: string }
  | ({ type: 'job.completed' } & DataOf<'job.completed'>)
  | ({ type: 'job.failed' } & DataOf<'job.failed'>)
  | ToolDone
  | ToolFailed;

export const DEADLINE: Failure = {
  code: 'deadline_exceeded',
  message: 'The run took longer than its deadline_seconds.',
  hint: 'Raise deadline_seconds, or narrow the goal.',
};

export const begun = (input: AgentInput): AgentContext => ({
  ...input,
  snippets: [],
  turn: 0,
  repairs: 0,
  prompt: [],
  asked: 0,
  continues: undefined,
  reading: undefined,
  results: new Map(),
  ending: {},
});

export function nextTurn(context: AgentContext): Pick<AgentContext, 'turn' | 'prompt' | 'asked'> {
  const turn = context.turn + 1;
  const prompt = isLast(context, turn) ? [...context.prompt, lastTurnNotice] : context.prompt;
  return { turn, prompt, asked: prompt.length };
}

export const repairMessages = ({ reading }: AgentContext): readonly PromptMessage[] =>
  reading?.kind === 'repair' ? reading.messages : [];

export const isLast = ({ request }: AgentContext, turn: number): boolean =>
  turn >= request.settings.max_iterations;

export const callsOf = ({ reading }: AgentContext): readonly RequestedCall[] =>
  reading?.kind === 'act' ? reading.calls : [];

export function modelRequest(context: AgentContext, definition: WorkflowDefinition): DataOf<'llm.requested'> {
  const { settings, deadline_seconds } = context.request;
  const last = isLast(context, context.turn);
  return {
    turn: context.turn,
    continues: context.continues,
    messages: [...context.prompt],
    tools: last ? [] : settings.tools,
    tool_choice: last ? 'none' : 'auto',
    output_schema: definition.outputJsonSchema,
    max_tokens: settings.max_tokens,
    deadline_at: new Date(context.startedAt + deadline_seconds * 1_000).toISOString(),
  };
}

export function answerOf({ reading }: AgentContext): MachineOutput {
  return reading?.kind === 'answer' ? { answer: reading.answer, output: reading.output } : {};
}

export function errorOf({ reading, request }: AgentContext): Failure {
  if (reading?.kind === 'fail') return reading.error;
  const why = reading?.kind === 'repair' ? reading.error.message : 'unknown';
  return {
    code: 'malformed_model_output',
    message: `The model's turn could not be used after ${request.settings.max_repairs} corrections: ${why}`,
    hint: 'Use a model that follows tool schemas, or simplify the tools.',
  };
}

export const toolActor = ({ turn }: AgentContext, i: number): string => `tool-${turn}-${i}`;

export const isAnswered = (context: AgentContext): boolean =>
  callsOf(context).every((_, i) => context.results.has(toolActor(context, i)));

/** The results with one more, under the id that the model called with, whatever the outcome says. */
export function withResult(context: AgentContext, event: ToolDone | ToolFailed): Map<string, PromptMessage> {
  const requested = callsOf(context).find((_, i) => toolActor(context, i) === event.actorId);
  const results = new Map(context.results);
  if (requested === undefined) return results;
  const { call_id } = requested.call;
  return results.set(
    event.actorId,
    'output' in event
      ? { role: 'tool', call_id, is_error: false, content: event.output.output }
      : toolError(call_id, event.error.error, event.error.retryable),
  );
}

/** In the order in which the model called, whatever order the results came in. */
export function toolMessages(context: AgentContext): PromptMessage[] {
  const { reading, results } = context;
  if (reading?.kind !== 'act') return [];
  return [...reading.calls.flatMap((_, i) => results.get(toolActor(context, i)) ?? []), ...reading.refused];
}

export const jobNews = (jobId: string, what: string, content: LargeText): PromptMessage => ({
  role: 'user',
  content: 'text' in content ? { text: `Browser job ${jobId} ${what}: ${content.text}` } : content,
});
