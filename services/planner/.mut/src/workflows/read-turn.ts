// What the model's turn means. Pure: a malformed turn becomes a structured error that the model is shown, never an exception.
import { z } from 'zod';
import type {
  DataOf,
  Failure,
  Json,
  JsonObject,
  ModelToolCall,
  PromptMessage,
  ToolReference,
} from '@troupe/contracts';
import { JsonObject as JsonObjectSchema } from '@troupe/contracts';
import { parseJson } from '../parse-json.ts';

export interface RequestedCall {
  readonly call: ModelToolCall;
  readonly tool: ToolReference;
  readonly arguments: JsonObject;
}

export type Reading =
  | { readonly kind: 'answer'; readonly answer: string; readonly output?: Json }
  /** At least one call can be made; `refused` are the malformed ones of the same turn, already answered. */
  | {
      readonly kind: 'act';
      readonly calls: readonly RequestedCall[];
      readonly refused: readonly PromptMessage[];
    }
  /** Nothing usable; `messages` tell the model what was wrong. */
  | { readonly kind: 'repair'; readonly messages: readonly PromptMessage[]; readonly error: Failure }
  | { readonly kind: 'fail'; readonly error: Failure };

export interface Expectation {
  readonly tools: readonly ToolReference[];
  readonly outputSchema: z.ZodType | undefined;
  /** No tool was offered: the turn must answer. */
  readonly isLast: boolean;
}

export function readTurn(completed: DataOf<'llm.completed'>, expected: Expectation): Reading {
  const { turn, finish } = completed;
  if (finish === 'refused') {
    return fail(
      'model_refused',
      `The model declined: ${turn.text ?? completed.finish_raw ?? 'no reason given'}`,
      'Rephrase the goal.',
    );
  }
  if (finish === 'truncated') {
    return fail(
      'answer_truncated',
      'The model ran into its token limit before it had finished.',
      'Raise AGENT_MAX_TOKENS or ask for less.',
    );
  }
  if (turn.tool_calls.length > 0 && !expected.isLast) return readCalls(turn.tool_calls, expected.tools);
  const answer = turn.text?.trim() ?? '';
  if (answer === '') {
    if (expected.isLast)
      return fail(
        'iteration_limit',
        'The model used all its turns without an answer.',
        'Narrow the goal, or raise the limit of the workflow type.',
      );
    return repair(
      'empty_turn',
      'Your turn held neither text nor a tool call.',
      'Answer the user, or call a tool.',
    );
  }
  return expected.outputSchema === undefined
    ? { kind: 'answer', answer }
    : readOutput(answer, expected.outputSchema);
}

function readCalls(calls: readonly ModelToolCall[], tools: readonly ToolReference[]): Reading {
  const good: RequestedCall[] = [];
  const refused: PromptMessage[] = [];
  let error: Failure | undefined;
  for (const call of calls) {
    const tool = tools.find(({ name }) => name === call.name);
    const parsed = JsonObjectSchema.safeParse(parseJson(call.arguments));
    if (tool !== undefined && parsed.success) good.push({ call, tool, arguments: parsed.data });
    else {
      error =
        tool === undefined
          ? failure(
              'unknown_tool',
              `There is no tool "${call.name.slice(0, 64)}".`,
              `Use one of: ${tools.map(({ name }) => name).join(', ') || 'none'}.`,
            )
          : failure(
              'malformed_arguments',
              'The arguments are not a JSON object.',
              'Call the tool again with valid JSON.',
            );
      refused.push(toolError(call.call_id, error));
    }
  }
  if (good.length > 0 || error === undefined) return { kind: 'act', calls: good, refused };
  return { kind: 'repair', messages: refused, error };
}

function readOutput(answer: string, schema: z.ZodType): Reading {
  const parsed = schema.safeParse(parseJson(answer));
  if (parsed.success) return { kind: 'answer', answer, output: parsed.data as Json };
  return repair(
    'invalid_output',
    `The answer does not satisfy the output schema: ${z.prettifyError(parsed.error).slice(0, 500)}`,
    'Answer again with JSON that satisfies it, and nothing else.',
  );
}

/** A tool result that is an error, as the model is shown it. */
export const toolError = (callId: string, error: Failure, retryable = false): PromptMessage => ({
  role: 'tool',
  call_id: callId,
  is_error: true,
  content: { text: JSON.stringify({ error, retryable }) },
});

const failure = (code: string, message: string, hint: string): Failure => ({
  code,
  message: message.slice(0, 2_000),
  hint,
});

const fail = (code: string, message: string, hint: string): Reading => ({
  kind: 'fail',
  error: failure(code, message, hint),
});

function repair(code: string, message: string, hint: string): Reading {
  const error = failure(code, message, hint);
  return {
    kind: 'repair',
    error,
    messages: [{ role: 'user', content: { text: JSON.stringify({ error }) } }],
  };
}
