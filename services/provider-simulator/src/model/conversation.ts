// The one form into which every dialect is parsed, so that the plan is written once. A dialect file translates a
// provider's request into a ModelRequest and a Turn back into that provider's answer. Nothing here knows HTTP.

export type Endpoint = 'responses' | 'chat' | 'messages' | 'embeddings';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A call that an assistant made earlier. `arguments` is the JSON text as it stood in the request. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export type Message =
  | { readonly role: 'system'; readonly text: string }
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly text: string; readonly calls: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly callId: string; readonly text: string; readonly isError: boolean };

export interface Tool {
  readonly name: string;
  readonly parameters: JsonSchema;
}

export type ToolChoice =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  | { readonly kind: 'required' }
  | { readonly kind: 'named'; readonly name: string };

export interface Conversation {
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly parallelCalls: boolean;
  /** The final answer must be JSON of this schema. */
  readonly answerSchema: JsonSchema | undefined;
}

export interface ModelRequest {
  readonly model: string;
  readonly stream: boolean;
  /** Whether a stream reports its usage; only Chat Completions makes this a choice. */
  readonly streamUsage: boolean;
  readonly maxOutputTokens: number | undefined;
  readonly conversation: Conversation;
}

type PairingFault =
  | { readonly kind: 'result_without_call'; readonly callId: string }
  | { readonly kind: 'call_without_result'; readonly callId: string };

/**
 * Providers refuse a history in which calls and results do not match.
 * `adjacent`: results follow their calls directly (Chat, Messages); `anywhere`: later is enough (Responses).
 */
export function pairingFault(
  messages: readonly Message[],
  order: 'adjacent' | 'anywhere',
): PairingFault | undefined {
  const open = new Set<string>();
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!open.delete(message.callId)) return { kind: 'result_without_call', callId: message.callId };
      continue;
    }
    const [unanswered] = open;
    if (order === 'adjacent' && unanswered !== undefined) {
      return { kind: 'call_without_result', callId: unanswered };
    }
    if (message.role === 'assistant') for (const call of message.calls) open.add(call.id);
  }
  const [unanswered] = open;
  return unanswered === undefined ? undefined : { kind: 'call_without_result', callId: unanswered };
}

export function lastUserText(messages: readonly Message[]): string {
  return messages.findLast((message) => message.role === 'user')?.text ?? '';
}

/** Everything said in the conversation, for rules that look for a text anywhere in the input. */
export function allText(messages: readonly Message[]): string {
  return messages
    .map((message) =>
      message.role === 'assistant'
        ? [message.text, ...message.calls.map((call) => call.arguments)].join('\n')
        : message.text,
    )
    .join('\n');
}
