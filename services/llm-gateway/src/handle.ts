// llm.requested -> llm.completed | llm.failed: assemble the conversation, ask the providers, write down what came of it.
// Everything here may run twice for one request: the call ids are derived from it, so both runs write the same.
import type { EventId, LogEvent } from '@troupe/contracts';
import { eventId } from '@troupe/contracts';
import type { Logger, Outcome, ToolDirectory, WorkContext } from '@troupe/shared';
import type { Complete, Completion } from './complete.ts';
import type { Conversations } from './conversations.ts';

export interface HandlerOptions {
  readonly conversations: Conversations;
  readonly tools: Pick<ToolDirectory, 'definition'>;
  readonly complete: Complete;
  readonly logger: Logger;
}

type Handle = (
  request: LogEvent<'llm.requested'>,
  context: Pick<WorkContext, 'signal'>,
) => Promise<Outcome<'llm.requested'>>;

export function createHandler({ conversations, tools, complete, logger }: HandlerOptions): Handle {
  return async (request, { signal }) => {
    const { data } = request;
    const [messages, definitions] = await Promise.all([
      conversations.upTo(request),
      Promise.all(data.tools.map((tool) => tools.definition(tool))),
    ]);
    const completion = await complete(
      {
        messages,
        tools: definitions,
        toolChoice: data.tool_choice,
        outputSchema: data.output_schema,
        maxTokens: data.max_tokens,
      },
      { signal, logger },
    );
    return outcomeOf(request.id, completion);
  };
}

function outcomeOf(request: EventId, completion: Completion): Outcome<'llm.requested'> {
  const { attempts } = completion;
  if (completion.kind === 'failed')
    return { type: 'llm.failed', data: { error: completion.error, attempts } };
  const { answer, target } = completion;
  const { text, calls, finish, finishRaw, usage } = answer;
  return {
    type: 'llm.completed',
    data: {
      turn: { text, tool_calls: calls.map((call, i) => ({ call_id: callId(request, i), ...call })) },
      finish,
      finish_raw: finishRaw,
      provider: target.provider,
      model: target.model,
      usage,
      attempts,
    },
  };
}

/** Ours, and the same for every provider: a later turn may be another one's. */
const callId = (request: EventId, index: number): string => `call_${eventId(request, `call-${index}`)}`;
