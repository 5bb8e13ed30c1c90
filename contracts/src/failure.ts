// How a failure looks wherever a person or a program meets it: a stable code, what happened and why, what to do.
import { z } from 'zod';

export const Failure = z.object({
  code: z
    .string()
    .regex(/^[a-z][a-z0-9_]{2,63}$/)
    .describe('stable, snake_case; programs decide by it'),
  message: z.string().max(2_000).describe('what happened and why'),
  hint: z.string().max(2_000).describe('what to do about it'),
});
export type Failure = z.infer<typeof Failure>;
