// A call to our gateway as the planner makes it: the request appended to a run's log, the outcome taken from a subscription. Each
// call has a run of its own, whose log begins with it: what a run did before is no part of what a call costs.
import type { DataOf, UserId, WorkflowId } from '@troupe/contracts';
import { eventId, parseLogSubject, START, typeFilter } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { ANSWER, MAX_TOKENS, prompt } from '../question.ts';
import { BENCH_USER } from './commands.ts';
import type { Call } from './drive.ts';

const TIMEOUT_MS = 60_000;

const REQUEST: DataOf<'llm.requested'> = {
  turn: 1,
  messages: prompt,
  tools: [],
  tool_choice: 'auto',
  max_tokens: MAX_TOKENS,
};

export function logCall({ connection, log }: Kernel): Call {
  const waiting = new Map<string, (outcome: string | undefined) => void>();
  for (const type of ['llm.completed', 'llm.failed'] as const)
    connection.subscribe(typeFilter(type), {
      callback: (_error, message) => {
        const workflow = parseLogSubject(message.subject)?.workflow ?? '';
        const data = message.json<Partial<DataOf<'llm.completed'>>>();
        waiting.get(workflow)?.(data.turn?.text ?? message.string());
      },
    });
  let made = 0;
  return async () => {
    made += 1;
    const workflow = `call-${made}` as WorkflowId;
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    waiting.set(workflow, resolve);
    const patience = setTimeout(() => reject(new Error(`${workflow} was not answered`)), TIMEOUT_MS);
    try {
      await log.append(
        {
          user: BENCH_USER as UserId,
          workflow,
          type: 'llm.requested',
          id: eventId(workflow, 'request'),
          source: '/troupe/bench',
          correlationId: workflow,
          causationId: 'bench',
          data: REQUEST,
        },
        { after: START },
      );
      const answer = await promise;
      if (answer !== ANSWER) throw new Error(`${workflow} ended with ${answer ?? 'nothing'}`);
    } finally {
      clearTimeout(patience);
      waiting.delete(workflow);
    }
  };
}
