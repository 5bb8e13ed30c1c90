// No target of the chain gave a whole turn. The run fails with the gateway's code.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { Failure } from '../failure.ts';

export const llmFailed = defineMessage({
  type: 'llm.failed',
  version: 1,
  writers: ['llm-gateway', 'planner:given-up'],
  readers: ['planner'],
  schema: z.object({ error: Failure, attempts: z.int().nonnegative() }),
  example: {
    error: {
      code: 'providers_unavailable',
      message: 'openai/gpt-4.1-mini: 503; openai/gpt-3.5-turbo: circuit open.',
      hint: 'Try again later or add a fallback model.',
    },
    attempts: 4,
  },
});
