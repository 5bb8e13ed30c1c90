// What a call uses where no provider said so: before it, for reservations and limits, and after one that broke. Pure. Deliberately a
// little high for a prompt, since a budget is held by it; whatever the provider did report goes before every estimate.
import type { ModelUsage } from '@troupe/contracts';
import type { ModelMessage, ModelRequest } from '../generation.ts';
import type { FaultClass } from '../rules/classify.ts';
import type { AttemptEnd } from './accounts.ts';

const BYTES_PER_TOKEN = 4;
/** Role and separators of a message, and what wraps a tool's definition. */
const TOKENS_AROUND = 4;

/** Bytes, not characters: in scripts with many bytes per character a token is about one character. */
export const tokensIn = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);

/** The prompt of a request, tools' and output's schemas included, in tokens. */
export function inputTokensOf({ messages, tools, outputSchema }: ModelRequest): number {
  let total = outputSchema === undefined ? 0 : tokensIn(JSON.stringify(outputSchema));
  for (const message of messages) total += tokensOf(message) + TOKENS_AROUND;
  for (const { name, description, input_schema } of tools)
    total += tokensIn(name) + tokensIn(description) + tokensIn(JSON.stringify(input_schema)) + TOKENS_AROUND;
  return total;
}

export function tokensOf(message: ModelMessage): number {
  if (message.role !== 'assistant') return tokensIn(message.text);
  const { text = '', tool_calls } = message.turn;
  return tool_calls.reduce(
    (sum, call) => sum + tokensIn(call.name) + tokensIn(call.arguments) + TOKENS_AROUND,
    tokensIn(text),
  );
}

/** What a call is expected to use at most. */
export interface Expected {
  readonly input_tokens: number;
  readonly output_tokens: number;
}

export interface Used {
  readonly usage: ModelUsage;
  readonly estimated: boolean;
}

/** Faults of a call that a model may have worked on all the same, and be paid for. The others are refusals, or never arrived. */
const MAY_COST: ReadonlySet<FaultClass> = new Set([
  'no_response',
  'no_content',
  'stalled',
  'out_of_time',
  'reset',
  'cut',
  'malformed',
]);

/** What an attempt used, given how it ended: as it was reported, and where it was not, the prompt as expected and what the model had written. */
export function usedBy(end: AttemptEnd, { input_tokens }: Expected): Used {
  if (end.kind === 'answered') return { usage: end.usage, estimated: end.estimated ?? false };
  if (end.kind === 'not_sent') return { usage: NOTHING, estimated: false };
  const { used, received } = end;
  const reported = used.input_tokens !== undefined || used.output_tokens !== undefined;
  const refused = end.kind === 'failed' && !MAY_COST.has(end.fault);
  if (refused && !reported && received === 0) return { usage: NOTHING, estimated: false };
  // A count from the beginning of a stream is behind what followed it.
  const output = Math.max(used.output_tokens ?? 0, Math.ceil(received / BYTES_PER_TOKEN));
  return {
    usage: { ...used, input_tokens: used.input_tokens ?? input_tokens, output_tokens: output },
    estimated: used.input_tokens === undefined || used.output_tokens !== output,
  };
}

const NOTHING: ModelUsage = { input_tokens: 0, output_tokens: 0 };

/** What an attempt used whose process is gone: somewhere between no answer and the longest one, so the middle. */
export const usedByUnknown = ({ input_tokens, output_tokens }: Expected): Used => ({
  usage: { input_tokens, output_tokens: Math.ceil(output_tokens / 2) },
  estimated: true,
});
