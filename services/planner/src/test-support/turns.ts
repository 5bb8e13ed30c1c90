// What a user asks for and what a model says, in the short form that tests read well in.
import type {
  AssistantTurn,
  DataOf,
  ModelToolCall,
  ToolReference,
  WorkflowRequested,
} from '@troupe/contracts';
import { contractOf } from '@troupe/contracts';

export const toolReference = (name: string): ToolReference => ({ name, hash: 'a'.repeat(64) });

type Settings = WorkflowRequested['settings'];

/** The first event of a run that offers the tools `notify_user` and `remember`. */
export function requested(
  settings: Partial<Settings> = {},
  request: Partial<Omit<WorkflowRequested, 'settings'>> = {},
): WorkflowRequested {
  const { example } = contractOf('workflow.requested');
  const tools = [toolReference('notify_user'), toolReference('remember')];
  return {
    ...example,
    goal: 'Read the total',
    ...request,
    settings: { ...example.settings, tools, ...settings },
  };
}

/** A well-formed call, unless `arguments` says otherwise. */
export const call = (call_id: string, over: Partial<ModelToolCall> = {}): ModelToolCall => ({
  call_id,
  name: 'notify_user',
  arguments: `{"message":"${call_id}"}`,
  ...over,
});

export const turnOf = (
  turn: Partial<AssistantTurn>,
  over: Partial<DataOf<'llm.completed'>> = {},
): DataOf<'llm.completed'> => ({
  turn: { tool_calls: [], ...turn },
  finish: (turn.tool_calls ?? []).length > 0 ? 'tool_calls' : 'stop',
  provider: 'openai',
  model: 'gpt-4.1-mini',
  usage: { input_tokens: 10, output_tokens: 2 },
  cost_nano_usd: 1_000,
  attempts: 1,
  ...over,
});

export const says = (text: string): DataOf<'llm.completed'> => turnOf({ text });
export const calls = (...tool_calls: ModelToolCall[]): DataOf<'llm.completed'> => turnOf({ tool_calls });
