// A turn put together from the chunks of a Chat Completions stream. Servers that only resemble OpenAI's differ in what they
// leave out: usage, the calls' indexes, [DONE]; the finish reason is what all of them send.
import type { ModelUsage } from '@troupe/contracts';
import { z } from 'zod';
import type { Grown, ModelAnswer } from '../generation.ts';
import { ProviderError } from './fault-of.ts';
import { MAX_CALLS, MAX_NAME } from './limits.ts';
import { usageOf } from './usage.ts';

const count = z.int().nonnegative();
const Usage = z.object({
  prompt_tokens: count,
  prompt_tokens_details: z
    .object({ cached_tokens: count.nullish(), cache_write_tokens: count.nullish() })
    .nullish(),
  completion_tokens: count,
  completion_tokens_details: z.object({ reasoning_tokens: count.nullish() }).nullish(),
});

const CallDelta = z.object({
  id: z.string().nullish(),
  index: z
    .int()
    .nonnegative()
    .max(MAX_CALLS - 1)
    .nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});
const Delta = z.object({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  /** Two names for thoughts that are shown but are no part of the answer. */
  reasoning: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  tool_calls: z.array(CallDelta).nullish(),
});
type Delta = z.infer<typeof Delta>;
type CallDelta = z.infer<typeof CallDelta>;
const Choice = z.object({ delta: Delta.nullish(), finish_reason: z.string().nullish() });
const Chunk = z.object({
  choices: z.array(Choice).nullish(),
  /** A server that counts only in part is taken for one that does not count. */
  usage: Usage.nullish().catch(undefined),
});

interface Call {
  readonly index: number;
  id: string;
  name: string;
  arguments: string;
}

export class ChatAssembly {
  #text = '';
  #refusal = '';
  #written = 0;
  readonly #calls: Call[] = [];
  #finishReason: string | undefined;
  #usage: ModelUsage | undefined;
  #started = false;

  /** Whether the model said that it is done; the count of tokens may still come. */
  get isWhole(): boolean {
    return this.#finishReason !== undefined;
  }

  get usage(): ModelUsage | undefined {
    return this.#usage;
  }

  /** For servers that do not count: how many characters the model wrote, thoughts and arguments included. */
  get written(): number {
    return this.#written;
  }

  /** Takes the next chunk and tells by what the answer grew, if it did. Throws ProviderError `malformed`. */
  add(raw: unknown): Grown | undefined {
    const parsed = Chunk.safeParse(raw);
    if (!parsed.success) throw malformed();
    this.#started = true;
    const { choices, usage } = parsed.data;
    if (usage != null) this.#usage = inOurForm(usage);
    const choice = choices?.[0];
    this.#finishReason ??= choice?.finish_reason ?? undefined;
    return choice?.delta == null ? undefined : this.#extend(choice.delta);
  }

  /** Throws ProviderError: `malformed` if nothing came, `cut` before the answer is whole. */
  answer(): Omit<ModelAnswer, 'usage'> {
    if (!this.#started) throw malformed();
    if (this.#finishReason === undefined) throw new ProviderError({ kind: 'cut' });
    const calls = this.#calls.toSorted((a, b) => a.index - b.index);
    if (calls.length > MAX_CALLS) throw malformed();
    if (calls.some(({ name }) => name === '' || name.length > MAX_NAME)) throw malformed();
    const finish = this.#refusal === '' ? finishOf(this.#finishReason, calls.length > 0) : 'refused';
    const text = this.#text + this.#refusal;
    return {
      text: text === '' ? undefined : text,
      calls:
        finish === 'tool_calls'
          ? calls.map((call) => ({ name: call.name, arguments: call.arguments || '{}' }))
          : [],
      finish,
      finishRaw: this.#finishReason,
    };
  }

  #extend(delta: Delta): Grown | undefined {
    const before = this.#written;
    const text = this.#wrote(delta.content);
    this.#text += text;
    this.#refusal += this.#wrote(delta.refusal);
    this.#wrote(delta.reasoning);
    this.#wrote(delta.reasoning_content);
    for (const [position, piece] of (delta.tool_calls ?? []).entries()) {
      const call = this.#callOf(piece, position);
      // The name comes once and whole; some servers repeat it with every piece.
      if (call.name === '') call.name = this.#wrote(piece.function?.name);
      call.id ||= piece.id ?? '';
      call.arguments += this.#wrote(piece.function?.arguments);
    }
    const written = this.#written - before;
    return written > 0 ? { written, text: text || undefined } : undefined;
  }

  /** The call that a piece belongs to. Some servers give every call the same index: then another name or id begins another call. */
  #callOf({ id, index, function: part }: CallDelta, position: number): Call {
    const at = index ?? position;
    const current = this.#calls.findLast((call) => call.index === at);
    const isAnother = (now: string | null | undefined, before = ''): boolean =>
      !!now && before !== '' && now !== before;
    const begins = !!part?.name && (isAnother(part.name, current?.name) || isAnother(id, current?.id));
    if (current !== undefined && !begins) return current;
    const call = { index: at, id: '', name: '', arguments: '' };
    this.#calls.push(call);
    return call;
  }

  /** `text`, counted. */
  #wrote(text: string | null | undefined): string {
    this.#written += text?.length ?? 0;
    return text ?? '';
  }
}

const inOurForm = ({ prompt_tokens_details: input, ...usage }: z.infer<typeof Usage>): ModelUsage =>
  usageOf({
    input: usage.prompt_tokens,
    output: usage.completion_tokens,
    cached: input?.cached_tokens,
    written: input?.cache_write_tokens,
    reasoning: usage.completion_tokens_details?.reasoning_tokens,
  });

function finishOf(reason: string, calls: boolean): ModelAnswer['finish'] {
  switch (reason) {
    // Not every server tells calls from an answer here.
    case 'stop':
      return calls ? 'tool_calls' : 'stop';
    case 'tool_calls':
      if (!calls) throw malformed();
      return 'tool_calls';
    case 'length':
      return 'truncated';
    case 'content_filter':
      return 'refused';
    default:
      throw malformed();
  }
}

const malformed = (): ProviderError => new ProviderError({ kind: 'malformed' });
