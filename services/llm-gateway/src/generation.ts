// One model call in the gateway's own words: what is asked, what comes back, and what a provider must do in between. Each
// provider's dialect is translated from and to these types in providers/.
import type { AssistantTurn, JsonObject, ModelUsage, ToolDefinition } from '@troupe/contracts';

/** A conversation with every text loaded. */
export type ModelMessage =
  | { readonly role: 'system' | 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly turn: AssistantTurn }
  | { readonly role: 'tool'; readonly callId: string; readonly text: string; readonly isError: boolean };

export interface ModelRequest {
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: 'auto' | 'none';
  /** JSON Schema of the final answer; undefined leaves the form of the answer free. */
  readonly outputSchema: JsonObject | undefined;
  /** Bound of the answer, in output tokens. */
  readonly maxTokens: number;
}

/** A whole answer. `arguments` is the model's own text, which may be malformed: the planner answers for that. */
export interface ModelAnswer {
  readonly text: string | undefined;
  /** Empty unless `finish` is `tool_calls`: of a truncated answer the last call is cut, and none of them may be executed. */
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
  readonly finish: 'stop' | 'tool_calls' | 'truncated' | 'refused';
  readonly finishRaw: string;
  /** As the provider reported it. Input tokens include those that came from or went into its cache. */
  readonly usage: ModelUsage;
  /** `false`: a server that does not count, and `usage` is our own estimate by length. */
  readonly usageReported?: false;
}

/** What one event of a stream added to the answer. */
export interface Grown {
  /** Characters that the model wrote: of its text, its thoughts, its calls or a refusal. */
  readonly written: number;
  /** Those of the text, which may be shown while it comes. */
  readonly text?: string | undefined;
}

/** How a provider tells whoever waits that it is getting on. */
export interface Progress {
  /** Aborts when the caller leaves or the provider is too slow; its reason is of no interest to the provider. */
  readonly signal: AbortSignal;
  /** Anything came from the provider, be it only a sign of life: its headers first, then every piece of the stream. */
  bytes(): void;
  /** A part of the answer came: the time allowed for the next one begins. Throws ProviderError `malformed` where no end is in sight. */
  content(grown: Grown): void;
  /** What the provider has reported as used so far, for the books in case no more comes. Later reports replace earlier ones. */
  used(usage: Partial<ModelUsage>): void;
  /** The answer is whole: the end of the stream is waited for only briefly, whatever still comes. Told again it means nothing. */
  whole(): void;
}

/** What a request can do without where a provider or model does not take it. */
export type Droppable = 'temperature' | 'schema' | 'tool_choice';

export interface ProviderCall {
  readonly model: string;
  /** The secret to ask with: another one for every call, if it has to be. */
  readonly key: string;
  readonly request: ModelRequest;
  /** What the same target refused a moment ago (`droppable` in providers/downgrade.ts). */
  readonly without?: ReadonlySet<Droppable>;
  readonly progress: Progress;
}

export interface Provider {
  /**
   * One call, never repeated here. Resolves only with an answer that the provider itself called finished; whatever else
   * happens rejects, with an error that `faultOf` understands.
   */
  generate(call: ProviderCall): Promise<ModelAnswer>;
}
