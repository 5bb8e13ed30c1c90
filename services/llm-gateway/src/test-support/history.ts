// A conversation with everything in it that a run can bring about, and the tool that it uses.
import type { JsonObject, ToolDefinition } from '@troupe/contracts';
import type { ModelMessage } from '../generation.ts';

const tool = (name: string, properties: JsonObject): ToolDefinition => ({
  name,
  description: `The tool ${name}.`,
  input_schema: { type: 'object', properties, required: Object.keys(properties) },
  output_schema: { type: 'object' },
  effect: 'read',
  timeout_seconds: 10,
});
export const browse = tool('spawn_browser_job', { url: { type: 'string' } });

export const history: readonly ModelMessage[] = [
  { role: 'system', text: 'You are an agent.' },
  { role: 'user', text: 'Compare the two pages.' },
  {
    role: 'assistant',
    turn: {
      text: 'I will look.',
      tool_calls: [
        { call_id: 'call_a', name: 'spawn_browser_job', arguments: '{"url":"http://a.test"}' },
        { call_id: 'call_b', name: 'spawn_browser_job', arguments: '{"url": ' },
        { call_id: 'call_c', name: 'no such tool!', arguments: '[1]' },
      ],
    },
  },
  { role: 'tool', callId: 'call_a', text: '{"title":"A"}', isError: false },
  { role: 'tool', callId: 'call_b', text: '{"error":"malformed"}', isError: true },
  { role: 'tool', callId: 'call_c', text: '{"error":"unknown"}', isError: true },
  { role: 'user', text: 'Browser job 1 completed.' },
  { role: 'assistant', turn: { tool_calls: [] } },
  { role: 'user', text: 'Go on.' },
];
