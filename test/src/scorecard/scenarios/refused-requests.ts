// S12, S13, G27: what is wrong with the request, or refused for what it says, is told to the caller and not tried elsewhere; a cut tool
// call is never executed.
import { referenceTo, type ToolDefinition } from '@troupe/contracts';
import { callsSeen, codeOf, GOAL, isWhole, wordsFor } from '../evidence.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';

const dialects = ['responses', 'messages'] as const;

/** No second call with the same input at the same model; a model with a larger context may be asked. */
async function contextTooLong(world: World): Promise<Judgement> {
  await world.primary.always({ kind: 'known_error', error: 'context_too_long' });
  const outcome = await world.outcomeOf(await world.ask(GOAL));
  const { first, second, words } = await callsSeen(world);
  const told = codeOf(outcome) === 'context_too_long' || isWhole(outcome);
  return judge({
    caller: wordsFor(outcome),
    provider: words,
    served: told ? 'as_due' : outcome?.type === 'llm.failed' ? 'clean_error' : 'wrong',
    conduct: { 'no retry': first.length === 1, 'at most one call elsewhere': second.length <= 1 },
  });
}

async function contentFilter(world: World): Promise<Judgement> {
  await world.primary.always({ kind: 'known_error', error: 'content_filter' });
  const outcome = await world.outcomeOf(await world.ask(GOAL));
  const { first, second, words } = await callsSeen(world);
  const code = codeOf(outcome);
  return judge({
    caller: wordsFor(outcome),
    provider: words,
    served: code === 'content_filtered' ? 'as_due' : code === undefined ? 'wrong' : 'clean_error',
    conduct: { 'no retry': first.length === 1, 'no other model': second.length === 0 },
  });
}

const SEARCH: ToolDefinition = {
  name: 'search_memory',
  description: 'Looks something up.',
  input_schema: {
    type: 'object',
    properties: { query: { type: 'string' } },
    required: ['query'],
    additionalProperties: false,
  },
  output_schema: { type: 'object' },
  effect: 'read',
  timeout_seconds: 10,
};

async function truncatedToolCall(world: World): Promise<Judgement> {
  await world.kernel.tools.announce([SEARCH]);
  await world.primary.always({ kind: 'truncated' });
  const request = await world.ask('Search memory for tea and biscuits', { tools: [referenceTo(SEARCH)] });
  const outcome = await world.outcomeOf(request);
  const { first, second, words } = await callsSeen(world);
  const executable = outcome?.type === 'llm.completed' ? outcome.data.turn.tool_calls.length : 0;
  const told = outcome?.type === 'llm.completed' && outcome.data.finish === 'truncated';
  return judge({
    caller: `${wordsFor(outcome)}, ${executable} tool calls to execute`,
    provider: words,
    served: told && executable === 0 ? 'as_due' : outcome?.type === 'llm.failed' ? 'clean_error' : 'wrong',
    conduct: { 'at most one longer attempt': first.length <= 2 && second.length === 0 },
  });
}

export const refusedRequests: readonly Scenario[] = [
  { id: 'S12', title: '400 context too long', dialects, run: contextTooLong },
  { id: 'S13', title: '400 content filter', dialects, run: contentFilter },
  { id: 'G27', title: 'tool call cut by max_tokens', dialects, run: truncatedToolCall },
];
