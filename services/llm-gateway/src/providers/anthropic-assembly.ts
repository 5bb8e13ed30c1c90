// A turn put together from the events of Anthropic's stream. Usage there is cumulative: it replaces, it never adds up.
import { z } from 'zod';
import type { ModelAnswer } from '../generation.ts';
import { ProviderError, refusedAs } from './fault-of.ts';
import { MAX_CALLS, MAX_NAME } from './limits.ts';

const tokens = z.int().nonnegative().nullish();
const Usage = z.object({
  input_tokens: tokens,
  cache_read_input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  output_tokens: tokens,
});
type Usage = z.infer<typeof Usage>;

const index = z.int().nonnegative();
const Block = z.union([
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('tool_use'), name: z.string().min(1).max(MAX_NAME), input: z.unknown() }),
  /** Thinking and whatever else a model puts out beside its answer. */
  z.object({ type: z.string().refine((type) => type !== 'text' && type !== 'tool_use') }),
]);
const Delta = z.union([
  z.object({ type: z.literal('text_delta'), text: z.string() }),
  z.object({ type: z.literal('input_json_delta'), partial_json: z.string() }),
  z.object({ type: z.string().refine((type) => type !== 'text_delta' && type !== 'input_json_delta') }),
]);
const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message_start'), message: z.object({ usage: Usage }) }),
  z.object({ type: z.literal('content_block_start'), index, content_block: Block }),
  z.object({ type: z.literal('content_block_delta'), index, delta: Delta }),
  z.object({ type: z.literal('content_block_stop'), index }),
  z.object({
    type: z.literal('message_delta'),
    delta: z.object({
      stop_reason: z.string().nullish(),
      stop_details: z.object({ explanation: z.string().nullish() }).nullish(),
    }),
    usage: Usage,
  }),
  z.object({ type: z.literal('message_stop') }),
]);
const KNOWN: ReadonlySet<string> = new Set(Event.options.flatMap(({ shape }) => [...shape.type.values]));

type Part = { kind: 'text'; text: string } | { kind: 'call'; name: string; json: string; input: unknown };

export class AnswerAssembly {
  readonly #parts = new Map<number, Part>();
  #usage: Usage = {};
  #stopReason: string | undefined;
  #explanation: string | undefined;
  #stopped = false;

  /** Whether the last event came. */
  get isWhole(): boolean {
    return this.#stopped;
  }

  /** Takes the next event; events of kinds that are not known yet mean nothing. Throws ProviderError `malformed`. */
  add(raw: { readonly type?: string }): void {
    if (!KNOWN.has(raw.type ?? '')) return;
    const parsed = Event.safeParse(raw);
    if (!parsed.success) throw malformed();
    const event = parsed.data;
    switch (event.type) {
      case 'message_start':
        this.#count(event.message.usage);
        break;
      case 'content_block_start':
        this.#begin(event.index, event.content_block);
        break;
      case 'content_block_delta':
        this.#extend(event.index, event.delta);
        break;
      case 'content_block_stop':
        break;
      case 'message_delta':
        this.#count(event.usage);
        this.#stopReason = event.delta.stop_reason ?? this.#stopReason;
        this.#explanation = event.delta.stop_details?.explanation ?? this.#explanation;
        break;
      case 'message_stop':
        this.#stopped = true;
    }
  }

  /** The answer. Throws ProviderError `cut` before it is whole, or the fault that its stop reason stands for. */
  answer(): ModelAnswer {
    if (!this.#stopped || this.#stopReason === undefined) throw new ProviderError({ kind: 'cut' });
    const parts = [...this.#parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    const text = parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('');
    const calls = parts.flatMap((part) =>
      part.kind === 'call'
        ? [{ name: part.name, arguments: part.json || JSON.stringify(part.input ?? {}) }]
        : [],
    );
    if (calls.length > MAX_CALLS) throw malformed();
    const finish = finishOf(this.#stopReason, calls.length > 0);
    const said = text === '' && finish === 'refused' ? this.#explanation : text;
    return {
      text: said === '' ? undefined : said,
      calls: finish === 'tool_calls' ? calls : [],
      finish,
      finishRaw: this.#stopReason,
      usage: this.#total(),
    };
  }

  #total(): ModelAnswer['usage'] {
    const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens, output_tokens } = this.#usage;
    if (input_tokens == null || output_tokens == null) throw malformed();
    const cached = (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0);
    return { input_tokens: input_tokens + cached, output_tokens };
  }

  #count(usage: Usage): void {
    const told = Object.entries(usage).filter(([, count]) => typeof count === 'number');
    this.#usage = { ...this.#usage, ...Object.fromEntries(told) };
  }

  #begin(at: number, block: z.infer<typeof Block>): void {
    if ('text' in block) this.#parts.set(at, { kind: 'text', text: block.text });
    if ('name' in block)
      this.#parts.set(at, { kind: 'call', name: block.name, json: '', input: block.input });
  }

  #extend(at: number, delta: z.infer<typeof Delta>): void {
    const part = this.#parts.get(at);
    if ('text' in delta) {
      if (part?.kind !== 'text') throw malformed();
      part.text += delta.text;
    } else if ('partial_json' in delta) {
      if (part?.kind !== 'call') throw malformed();
      part.json += delta.partial_json;
    }
  }
}

function finishOf(stopReason: string, calls: boolean): ModelAnswer['finish'] {
  switch (stopReason) {
    case 'end_turn':
    case 'stop_sequence':
    case 'tool_use':
      return calls ? 'tool_calls' : 'stop';
    case 'max_tokens':
      return 'truncated';
    case 'refusal':
      return 'refused';
    case 'model_context_window_exceeded':
      throw refusedAs(stopReason);
    default:
      throw malformed();
  }
}

const malformed = (): ProviderError => new ProviderError({ kind: 'malformed' });
