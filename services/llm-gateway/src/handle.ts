// llm.requested -> llm.completed | llm.failed: assemble the conversation, ask the providers, write down what came of it.
// Everything here may run twice for one request: the call ids are derived from it, so both runs write the same.
import type { EventId, LogEvent } from '@troupe/contracts';
import { eventId } from '@troupe/contracts';
import type { Logger, Outcome, ToolDirectory, WorkContext } from '@troupe/shared';
import type { CallIdentity } from './call-identity.ts';
import type { Complete, Completion } from './complete.ts';
import type { Conversations } from './conversations.ts';
import { charactersIn } from './conversations.ts';
import type { Live } from './live/live.ts';
import type { InHand } from './load/in-hand.ts';

export interface HandlerOptions {
  readonly conversations: Conversations;
  /** The conversations of all calls in hand. */
  readonly inHand: InHand;
  readonly tools: Pick<ToolDirectory, 'definition'>;
  readonly complete: Complete;
  readonly liveFor: (call: CallIdentity) => Live;
  readonly logger: Logger;
}

type Handle = (
  request: LogEvent<'llm.requested'>,
  context: Pick<WorkContext, 'signal'>,
) => Promise<Outcome<'llm.requested'>>;

export function createHandler(options: HandlerOptions): Handle {
  const { conversations, inHand, tools, complete, liveFor, logger } = options;
  return async (request, { signal }) => {
    const { data, user, workflow, id } = request;
    const definitions = await Promise.all(data.tools.map((tool) => tools.definition(tool)));
    using conversation = await inHand.hold(() => conversations.upTo(request), charactersIn, signal);
    const call = { user, workflow, request: id };
    const live = liveFor(call);
    try {
      const completion = await complete(
        {
          messages: conversation.value,
          tools: definitions,
          toolChoice: data.tool_choice,
          outputSchema: data.output_schema,
          maxTokens: data.max_tokens,
        },
        { call, deadlineAt: data.deadline_at, signal, logger, live },
      );
      return outcomeOf(id, completion);
    } finally {
      live.end();
    }
  };
}

function outcomeOf(request: EventId, completion: Completion): Outcome<'llm.requested'> {
  const { attempts, costNanoUsd } = completion;
  if (completion.kind === 'rejected') {
    const { error, origin, retryAfterMs } = completion;
    return {
      type: 'llm.failed',
      data: {
        error,
        attempts,
        origin,
        ...(retryAfterMs !== undefined && { retry_after_ms: Math.ceil(retryAfterMs) }),
        cost_nano_usd: costNanoUsd,
      },
    };
  }
  const { answer, target, leftOut } = completion;
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
      cost_nano_usd: costNanoUsd,
      attempts,
      ...(leftOut !== undefined && { left_out: leftOut }),
    },
  };
}

/** Ours, and the same for every provider: a later turn may be another one's. */
const callId = (request: EventId, index: number): string => `call_${eventId(request, `call-${index}`)}`;
