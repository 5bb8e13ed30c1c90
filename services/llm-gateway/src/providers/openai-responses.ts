// The adapter for OpenAI's Responses API, on the official SDK with its retries off. Always streamed, so that silence is
// noticed; only the terminal event's response is trusted, since the SDK's iterator ends the same way when a stream is cut.
import type { ModelUsage } from '@troupe/contracts';
import type OpenAI from 'openai';
import { z } from 'zod';
import type { Grown, ModelAnswer, Progress, Provider } from '../generation.ts';
import { callOptions } from './clients.ts';
import { eventType } from './event-type.ts';
import { ProviderError, refusedAs } from './fault-of.ts';
import { MAX_CALLS, MAX_NAME } from './limits.ts';
import { responsesBody } from './openai-request.ts';
import { usageOf } from './usage.ts';

export const openaiResponses = (client: OpenAI): Provider => ({
  async generate(call) {
    const stream = await client.responses.create(responsesBody(call), callOptions(call));
    return readResponse(await finalResponse(stream, call.progress));
  },
});

/** What the model does, piece by piece. All other events, signs of life among them, are no progress. */
const PIECE = /^response\..+\.(delta|done)$/;
const Delta = z.object({ delta: z.string() });

function grownBy(event: unknown): Grown | undefined {
  const type = eventType(event);
  if (!PIECE.test(type)) return undefined;
  const delta = Delta.safeParse(event).data?.delta ?? '';
  return { written: delta.length, text: type === 'response.output_text.delta' ? delta : undefined };
}

/**
 * The response in the stream's terminal event, still to be validated. Throws ProviderError if the stream ends without one:
 * `malformed` if it was none of this protocol at all, else `cut`.
 */
async function finalResponse(stream: AsyncIterable<unknown>, progress: Progress): Promise<unknown> {
  let final: Ended | undefined;
  let begun = false;
  try {
    for await (const event of stream) {
      begun = true;
      switch (eventType(event)) {
        case 'response.completed':
        case 'response.incomplete':
          final = ended(event);
          tellUsage(final, progress);
          progress.whole();
          break;
        case 'response.failed': {
          const response = ended(event);
          tellUsage(response, progress);
          throw failed(response);
        }
        default: {
          const grown = grownBy(event);
          if (grown !== undefined) progress.content(grown);
        }
      }
    }
  } catch (error) {
    // Once the answer is whole, how the connection ends is of no interest.
    if (final === undefined) throw error;
  }
  if (final === undefined) throw new ProviderError({ kind: begun ? 'cut' : 'malformed' });
  return final;
}

const Ended = z.object({ response: z.looseObject({}) });
type Ended = z.infer<typeof Ended>['response'];

/** The response in a terminal event, whatever it holds. Throws ProviderError `malformed`. */
function ended(event: unknown): Ended {
  const parsed = Ended.safeParse(event);
  if (!parsed.success) throw new ProviderError({ kind: 'malformed' });
  return parsed.data.response;
}

const ErrorCode = z.object({ code: z.string() });
function failed({ error }: Ended): ProviderError {
  const parsed = ErrorCode.safeParse(error);
  return refusedAs(...(parsed.success ? [parsed.data.code] : []));
}

const count = z.int().nonnegative();
const Usage = z.object({
  input_tokens: count,
  input_tokens_details: z
    .object({
      cached_tokens: count.nullish(),
      cache_write_tokens: count.nullish(),
      cache_write_tokens_details: z.object({ ttl_12h_tokens: count.nullish() }).nullish(),
    })
    .nullish(),
  output_tokens: count,
  output_tokens_details: z.object({ reasoning_tokens: count.nullish() }).nullish(),
});

const usageIn = ({ input_tokens_details: input, ...usage }: z.infer<typeof Usage>): ModelUsage =>
  usageOf({
    input: usage.input_tokens,
    output: usage.output_tokens,
    cached: input?.cached_tokens,
    written: input?.cache_write_tokens,
    writtenLong: input?.cache_write_tokens_details?.ttl_12h_tokens,
    reasoning: usage.output_tokens_details?.reasoning_tokens,
  });

function tellUsage({ usage }: Ended, progress: Progress): void {
  const parsed = Usage.safeParse(usage);
  if (parsed.success) progress.used(usageIn(parsed.data));
}

const Part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('output_text'), text: z.string() }),
  z.object({ type: z.literal('refusal'), refusal: z.string() }),
]);
const textIn = (part: z.infer<typeof Part>): string => (part.type === 'refusal' ? part.refusal : part.text);

const Message = z.object({ type: z.literal('message'), content: z.array(Part) });
const FunctionCall = z.object({
  type: z.literal('function_call'),
  name: z.string().min(1).max(MAX_NAME),
  arguments: z.string(),
});
/** Reasoning and whatever else a model puts out beside its answer. */
const OtherItem = z.object({
  type: z.string().refine((type) => type !== 'message' && type !== 'function_call'),
});

const FinalResponse = z.object({
  status: z.enum(['completed', 'incomplete']),
  incomplete_details: z.object({ reason: z.string() }).nullish(),
  output: z.array(z.union([Message, FunctionCall, OtherItem])),
  usage: Usage,
});
type FinalResponse = z.infer<typeof FinalResponse>;

function readResponse(raw: unknown): ModelAnswer {
  const parsed = FinalResponse.safeParse(raw);
  if (!parsed.success) throw new ProviderError({ kind: 'malformed' });
  const { output, usage } = parsed.data;
  const messages = output.flatMap((item) => ('content' in item ? [item.content] : []));
  const text = messages.map((parts) => parts.map(textIn).join('')).join('\n\n');
  const calls = output.flatMap((item) =>
    'arguments' in item ? [{ name: item.name, arguments: item.arguments }] : [],
  );
  if (calls.length > MAX_CALLS) throw new ProviderError({ kind: 'malformed' });
  const refused = messages.flat().some(({ type }) => type === 'refusal');
  const { finish, finishRaw } = endOf(parsed.data, refused, calls.length > 0);
  return {
    text: text === '' ? undefined : text,
    calls: finish === 'tool_calls' ? calls : [],
    finish,
    finishRaw,
    usage: usageIn(usage),
  };
}

function endOf(
  { status, incomplete_details }: FinalResponse,
  refused: boolean,
  calls: boolean,
): Pick<ModelAnswer, 'finish' | 'finishRaw'> {
  if (status === 'completed') {
    if (refused) return { finish: 'refused', finishRaw: 'refusal' };
    return { finish: calls ? 'tool_calls' : 'stop', finishRaw: 'completed' };
  }
  switch (incomplete_details?.reason) {
    case 'max_output_tokens':
      return { finish: 'truncated', finishRaw: 'max_output_tokens' };
    case 'content_filter':
      return { finish: 'refused', finishRaw: 'content_filter' };
    default:
      throw new ProviderError({ kind: 'malformed' });
  }
}
