// What to leave out when a target refuses a request for something that it can be asked without. Pure. The adapters honour
// the set in ProviderCall; whoever calls them asks once more with it.
import type { Droppable } from '../generation.ts';
import { SAYS_UNSUPPORTED } from '../rules/classify.ts';
import type { ProviderFault } from '../rules/fault.ts';

const UNSUPPORTED: ReadonlySet<string> = new Set([
  'unsupported_parameter',
  'unsupported_value',
  'unknown_parameter',
]);
/** What the API cannot hold an answer or a call to, it is asked for in words. */
const SCHEMA_REFUSED: ReadonlySet<string> = new Set(['invalid_json_schema', 'invalid_function_parameters']);

/** The first whose words stand in the refusal. The most particular comes first: a message may quote a whole request. */
const NAMED_BY: readonly (readonly [Droppable, RegExp])[] = [
  ['temperature', /\btemperature\b/i],
  ['schema', /\b(response_format|json_schema|output_config|text\.format|structured outputs?|strict)\b/i],
  ['tool_choice', /\b(tool_choice|parallel_tool_calls|disable_parallel_tool_use)\b/i],
];

/** What the refused request can do without; undefined where asking again would be refused again. */
export function droppable(fault: ProviderFault): Droppable | undefined {
  if (fault.kind !== 'refused' || (fault.status !== 400 && fault.status !== 422)) return undefined;
  const { codes, message } = fault;
  if (codes.some((code) => SCHEMA_REFUSED.has(code))) return 'schema';
  const named = NAMED_BY.find(([, words]) => words.test(message))?.[0];
  // Anthropic and most compatible servers have no code of their own for it: the message has to say so.
  const unsupported = codes.some((code) => UNSUPPORTED.has(code)) || SAYS_UNSUPPORTED.test(message);
  return unsupported ? named : undefined;
}
