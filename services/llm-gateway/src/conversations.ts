// Conversations ready to be sent, remembered from turn to turn: a turn then costs the reading of what was written since the
// turn before, at turn 500 as at turn 5. What is not remembered is read from the log anew; nothing depends on the memory.
import type { EventId, LargeText, LogEvent, PromptMessage } from '@troupe/contracts';
import { TerminalError } from '@troupe/shared';
import type { Kernel } from '@troupe/shared';
import type { Entry } from './conversation.ts';
import { answerIn, BrokenChain, historyOf, messagesOf } from './conversation.ts';
import type { ModelMessage } from './generation.ts';
import { RecentlyUsed } from './recently-used.ts';

interface Conversation {
  /** The stream sequence of the request that it ends with. */
  readonly seq: number;
  /** Without the answer: another process may have given it, so it is read from the log. */
  readonly messages: readonly ModelMessage[];
}

export interface ConversationOptions {
  readonly read: Pick<Kernel['log']['read'], 'tail' | 'whole'>;
  readonly load: (text: LargeText) => Promise<string>;
  /** Bounds the memory, in characters of the texts remembered. */
  readonly maxCharacters: number;
}

export interface Conversations {
  /** All messages up to and with those of `request`. Throws TerminalError `conversation_broken`, or what the log and the blobs throw. */
  upTo(request: LogEvent<'llm.requested'>): Promise<readonly ModelMessage[]>;
}

export function createConversations({ read, load, maxCharacters }: ConversationOptions): Conversations {
  const recent = new RecentlyUsed<EventId, Conversation>(maxCharacters);

  async function before(request: LogEvent<'llm.requested'>): Promise<readonly ModelMessage[]> {
    const { continues } = request.data;
    if (continues === undefined) return [];
    const known = recent.take(continues);
    const { seq } = request.position;
    if (known === undefined) return loadAll(historyOf(request, await read.whole(request, seq)));
    const answer = answerIn(continues, await read.tail(known.seq, seq));
    return [...known.messages, ...(await loadAll([answer]))];
  }

  const loadAll = (entries: readonly Entry[]): Promise<ModelMessage[]> =>
    Promise.all(
      entries.map(async (entry): Promise<ModelMessage> => {
        if (entry.kind === 'turn') return { role: 'assistant', turn: entry.turn };
        return loaded(entry.message, await load(entry.message.content));
      }),
    );

  return {
    async upTo(request) {
      const known = recent.get(request.id);
      if (known !== undefined) return known.messages;
      const messages = [
        ...(await before(request).catch(explain)),
        ...(await loadAll(messagesOf(request.data))),
      ];
      recent.put(request.id, { seq: request.position.seq, messages }, charactersIn(messages));
      return messages;
    },
  };
}

function loaded(message: PromptMessage, text: string): ModelMessage {
  switch (message.role) {
    case 'system':
    case 'user':
      return { role: message.role, text };
    case 'assistant':
      return { role: 'assistant', turn: { text, tool_calls: [] } };
    case 'tool':
      return { role: 'tool', callId: message.call_id, text, isError: message.is_error };
  }
}

/** Of the texts; what else a conversation takes is little beside them. */
export const charactersIn = (messages: readonly ModelMessage[]): number =>
  messages.reduce(
    (sum, message) => sum + (message.role === 'assistant' ? turnSize(message.turn) : message.text.length),
    0,
  );

const turnSize = ({ text = '', tool_calls }: Extract<ModelMessage, { role: 'assistant' }>['turn']): number =>
  tool_calls.reduce((sum, call) => sum + call.arguments.length, text.length);

function explain(error: unknown): never {
  if (!(error instanceof BrokenChain)) throw error;
  throw new TerminalError(
    {
      code: 'conversation_broken',
      message: `The conversation cannot be assembled: ${error.message}.`,
      hint: 'This is a bug in whatever wrote llm.requested; the log of the workflow shows its chain.',
    },
    { cause: error },
  );
}
