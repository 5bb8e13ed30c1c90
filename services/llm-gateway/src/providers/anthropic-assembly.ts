// A turn put together from the events of Anthropic's stream. Tool arguments stay the text that the model wrote.
import type { ModelUsage } from '@troupe/contracts';
import { z } from 'zod';
import type { Grown, ModelAnswer } from '../generation.ts';
import { TokenCounts, updated, usageIn } from './anthropic-usage.ts';
import { eventType } from './event-type.ts';
import { ProviderError, refusedAs } from './fault-of.ts';
import { MAX_CALLS, MAX_NAME } from './limits.ts';

const index = z.int().nonnegative();
const Block = z.union([
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('tool_use'), name: z.string().min(1).max(MAX_NAME), input: z.unknown() }),
  /** Thinking and whatever else a model puts out beside its answer. */
  z.object({ type: z.string().refine((type) => type !== 'text' && type !== 'tool_use') }),
]);
const READ_DELTAS: ReadonlySet<string> = new Set(['text_delta', 'input_json_delta', 'thinking_delta']);
const Delta = z.union([
  z.object({ type: z.literal('text_delta'), text: z.string() }),
  z.object({ type: z.literal('input_json_delta'), partial_json: z.string() }),
  z.object({ type: z.literal('thinking_delta'), thinking: z.string() }),
  z.object({ type: z.string().refine((type) => !READ_DELTAS.has(type)) }),
]);
const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message_start'), message: z.object({ usage: TokenCounts }) }),
  z.object({ type: z.literal('content_block_start'), index, content_block: Block }),
  z.object({ type: z.literal('content_block_delta'), index, delta: Delta }),
  z.object({ type: z.literal('content_block_stop'), index }),
  z.object({
    type: z.literal('message_delta'),
    delta: z.object({
      stop_reason: z.string().nullish(),
      stop_details: z.object({ explanation: z.string().nullish() }).nullish(),
    }),
    usage: TokenCounts,
  }),
  z.object({ type: z.literal('message_stop') }),
]);
const KNOWN: ReadonlySet<string> = new Set(Event.options.flatMap(({ shape }) => [...shape.type.values]));

type Part = { kind: 'text'; text: string } | { kind: 'call'; name: string; json: string; input: unknown };

export class AnswerAssembly {
  readonly #parts = new Map<number, Part>();
  #counts: TokenCounts = {};
  #started = false;
  #stopReason: string | undefined;
  #explanation: string | undefined;
  #stopped = false;

  /** Whether the last event came. */
  get isWhole(): boolean {
    return this.#stopped;
  }

  /** As reported so far. How much was put out is known only near the end: until then, of the input alone. */
  get used(): Partial<ModelUsage> {
    const usage: Partial<ModelUsage> = { ...usageIn(this.#counts) };
    if (this.#stopReason === undefined) delete usage.output_tokens;
    return usage;
  }

  /**
   * Takes the next event and tells by what the answer grew, if it did. Events of kinds that are not known yet mean nothing.
   * Throws ProviderError `malformed`.
   */
  add(raw: unknown): Grown | undefined {
    if (!KNOWN.has(eventType(raw))) return undefined;
    const parsed = Event.safeParse(raw);
    if (!parsed.success) throw malformed();
    const event = parsed.data;
    switch (event.type) {
      case 'message_start':
        this.#started = true;
        this.#counts = updated(this.#counts, event.message.usage);
        return undefined;
      case 'content_block_start':
        return this.#begin(event.index, event.content_block);
      case 'content_block_delta':
        return this.#extend(event.index, event.delta);
      case 'content_block_stop':
        return undefined;
      case 'message_delta':
        this.#counts = updated(this.#counts, event.usage);
        this.#stopReason = event.delta.stop_reason ?? this.#stopReason;
        this.#explanation = event.delta.stop_details?.explanation ?? this.#explanation;
        return undefined;
      case 'message_stop':
        this.#stopped = true;
        return undefined;
    }
  }

  /**
   * The answer. Throws ProviderError `malformed` if there was none at all, `cut` before it is whole, or the fault that its stop
   * reason stands for.
   */
  answer(): ModelAnswer {
    if (!this.#started) throw malformed();
    if (!this.#stopped || this.#stopReason === undefined) throw new ProviderError({ kind: 'cut' });
    const parts = [...this.#parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    const text = parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('');
    const calls = parts.flatMap((part) =>
      part.kind === 'call'
        ? [{ name: part.name, arguments: part.json || JSON.stringify(part.input ?? {}) }]
        : [],
    );
    const usage = usageIn(this.#counts);
    if (calls.length > MAX_CALLS || usage === undefined) throw malformed();
    const finish = finishOf(this.#stopReason, calls.length > 0);
    const said = text === '' && finish === 'refused' ? this.#explanation : text;
    return {
      text: said === '' ? undefined : said,
      calls: finish === 'tool_calls' ? calls : [],
      finish,
      finishRaw: this.#stopReason,
      usage,
    };
  }

  /** That a block begins says nothing yet, unless it begins with text. */
  #begin(at: number, block: z.infer<typeof Block>): Grown | undefined {
    if ('name' in block)
      this.#parts.set(at, { kind: 'call', name: block.name, json: '', input: block.input });
    if (!('text' in block)) return undefined;
    this.#parts.set(at, { kind: 'text', text: block.text });
    return block.text === '' ? undefined : { written: block.text.length, text: block.text };
  }

  #extend(at: number, delta: z.infer<typeof Delta>): Grown {
    const part = this.#parts.get(at);
    if ('text' in delta) {
      if (part?.kind !== 'text') throw malformed();
      part.text += delta.text;
      return { written: delta.text.length, text: delta.text };
    }
    if ('partial_json' in delta) {
      if (part?.kind !== 'call') throw malformed();
      part.json += delta.partial_json;
      return { written: delta.partial_json.length };
    }
    return { written: 'thinking' in delta ? delta.thinking.length : 0 };
  }
}

function finishOf(stopReason: string, calls: boolean): ModelAnswer['finish'] {
  switch (stopReason) {
    case 'end_turn':
    case 'stop_sequence':
      return calls ? 'tool_calls' : 'stop';
    case 'tool_use':
      if (!calls) throw malformed();
      return 'tool_calls';
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
