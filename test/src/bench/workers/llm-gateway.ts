// A gateway that asks nobody: the shipped settings and the kernel's worker. The first turn calls a tool, the next one answers.
import type { DataOf } from '@troupe/contracts';
import { runService, startWorker } from '@troupe/shared';
import { readConfig } from '../../../../services/llm-gateway/src/config.ts';

const spent = {
  provider: 'openai',
  model: 'gpt-4.1-mini',
  usage: { input_tokens: 250, output_tokens: 12 },
  attempts: 1,
} as const;

const CALL: DataOf<'llm.completed'> = {
  ...spent,
  turn: {
    tool_calls: [{ call_id: 'call_1', name: 'notify_user', arguments: '{"message":"The total is 42."}' }],
  },
  finish: 'tool_calls',
};

const ANSWER: DataOf<'llm.completed'> = {
  ...spent,
  turn: { text: 'The total is 42, and you were told.', tool_calls: [] },
  finish: 'stop',
};

await runService({
  name: 'llm-gateway',
  readConfig: () => readConfig(),
  start: (kernel, { AGENT_LLM_CONCURRENCY }, onFatal) => {
    const worker = startWorker({
      kernel,
      service: 'llm-gateway',
      request: 'llm.requested',
      consumer: 'llm-gateway',
      concurrency: AGENT_LLM_CONCURRENCY,
      maxAttempts: 5,
      acts: true,
      handle: ({ data }) => Promise.resolve({ type: 'llm.completed', data: data.turn === 1 ? CALL : ANSWER }),
      givenUp: (_request, error) => ({ type: 'llm.failed', data: { error, attempts: 0 } }),
      onFatal,
    });
    return Promise.resolve({ actors: [worker] });
  },
});
