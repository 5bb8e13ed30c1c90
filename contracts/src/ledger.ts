// The books of the model calls: two records for every attempt at a provider, at one subject, `begun` before the provider is asked and
// `ended` when it is known, or presumed, what became of it. The last record of a subject says everything that is known of its attempt.
// Totals are projections of these records; nothing of a prompt, an answer or a key stands in them.
import { z } from 'zod';
import { EventId, UserId, WorkflowId } from './ids.ts';
import { ModelUsage } from './workflow.ts';

const NanoUsd = z.int().nonnegative().describe('billionths of a US dollar');

const attempt = {
  user: UserId,
  workflow: WorkflowId,
  request: EventId.describe('the llm.requested that is answered'),
  attempt: z
    .int()
    .positive()
    .describe('counts the attempts of one request, over all processes that worked on it'),
  gateway: z.string().describe('the process that asked'),
  kind: z.enum(['first', 'retry', 'rotate', 'fallback', 'repair']),
  provider: z.string(),
  model: z.string(),
  key_id: z.string(),
  at: z.iso.datetime().describe('when the attempt began'),
  expected: z
    .object({ input_tokens: z.int().nonnegative(), output_tokens: z.int().nonnegative() })
    .describe('the prompt as estimated before the call, and the most that the answer may take'),
  reservation: z
    .string()
    .optional()
    .describe('the id under which budgets hold its price, where there are budgets'),
};

export const LedgerBegun = z.object({ phase: z.literal('begun'), ...attempt });
export type LedgerBegun = z.infer<typeof LedgerBegun>;

export const LedgerEnded = z.object({
  phase: z.literal('ended'),
  ...attempt,
  duration_ms: z.int().nonnegative().nullable().describe('null: nobody was there to measure it'),
  outcome: z
    .string()
    .regex(/^[a-z][a-z_]{1,63}$/)
    .describe('ok, abandoned, not_sent, suspected_duplicate, or the class of the fault'),
  usage: ModelUsage,
  estimated: z.boolean().describe('some of the usage was not reported by the provider'),
  inconsistent: z
    .literal(true)
    .optional()
    .describe(
      'the provider reported parts that are larger than the whole, and the parts are charged; or more tokens than can be, and fewer are',
    ),
  price_from: z.iso.date().nullable().describe('the day from which the price row holds; null: no row fits'),
  cost_nano_usd: NanoUsd.nullable().describe('null: the model has no price'),
});
export type LedgerEnded = z.infer<typeof LedgerEnded>;

export const LedgerRecord = z.discriminatedUnion('phase', [LedgerBegun, LedgerEnded]);
export type LedgerRecord = z.infer<typeof LedgerRecord>;

/** Whose attempts they are. */
export type LedgerKey = Pick<LedgerBegun, 'user' | 'workflow' | 'request'>;

/** Where the records of one attempt are stored. */
export const ledgerSubject = (key: LedgerKey, number: number): string => `${requestPrefix(key)}.${number}`;

/** The records of every attempt of one request: for compare-and-set and for reads. */
export const ledgerFilter = (key: LedgerKey): string => `${requestPrefix(key)}.*`;

/** The records of everybody. */
export const LEDGER_SUBJECTS = 'agents-ledger.*.*.*.*';

const requestPrefix = ({ user, workflow, request }: LedgerKey): string =>
  `agents-ledger.${user}.${workflow}.${request}`;
