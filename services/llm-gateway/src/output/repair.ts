// The request that asks for a corrected answer: the conversation, the answer as it came, and what is wrong with it. Pure.
import type { ModelAnswer, ModelMessage, ModelRequest } from '../generation.ts';
import type { Problems } from './problems.ts';

/**
 * Every dialect accepts the history: each call of the wrong turn is answered by an error. The ids are the same whenever the
 * same answer is to be repaired, and never those of a call that is carried out.
 */
export function repairOf(request: ModelRequest, answer: ModelAnswer, problems: Problems): ModelRequest {
  const calls = answer.calls.map((call, index) => ({
    call_id: `call_repair_${request.messages.length}_${index}`,
    ...call,
  }));
  const wrongTurn: ModelMessage = {
    role: 'assistant',
    turn: { ...(answer.text !== undefined && { text: answer.text }), tool_calls: calls },
  };
  const results = calls.map(
    ({ call_id }): ModelMessage => ({ role: 'tool', callId: call_id, text: NOT_CARRIED_OUT, isError: true }),
  );
  const correction: ModelMessage = { role: 'user', text: correctionOf(calls.length > 0, problems) };
  return { ...request, messages: [...request.messages, wrongTurn, ...results, correction] };
}

const NOT_CARRIED_OUT = '{"error":"Not carried out: a call of this turn is invalid."}';

const correctionOf = (calls: boolean, problems: Problems): string =>
  [
    calls
      ? 'Your last turn is invalid and none of its calls was carried out. Problems:'
      : 'Your last answer is invalid. Problems:',
    ...problems.map((problem) => `- ${problem}`),
    calls ? 'Return only the corrected calls.' : 'Return only the corrected value.',
  ].join('\n');
