// No target of the chain gave a whole turn. The run fails with the gateway's code.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { Failure } from '../failure.ts';

export const llmFailed = defineMessage({
  type: 'llm.failed',
  version: 1,
  writers: ['llm-gateway', 'planner:given-up'],
  readers: ['planner'],
  schema: z.object({
    error: Failure,
    attempts: z.int().nonnegative().describe('provider calls that were made'),
    origin: z
      .enum(['gateway', 'provider'])
      .optional()
      .describe('who said no: a provider, or the gateway without asking one'),
    retry_after_ms: z
      .int()
      .nonnegative()
      .optional()
      .describe('when asking again makes sense, if anybody knows'),
    cost_nano_usd: z.int().nonnegative().nullable().optional().describe('as in llm.completed'),
  }),
  example: {
    error: {
      code: 'providers_unavailable',
      message: 'openai/gpt-4.1-mini: 503; openai/gpt-3.5-turbo: circuit open.',
      hint: 'Try again later or add a fallback model.',
    },
    attempts: 4,
    origin: 'provider',
    retry_after_ms: 60_000,
  },
});
