// Accounts on a real NATS server, as tests want them, and what stands in the ledger.
import { randomUUID } from 'node:crypto';
import type { EventId, LedgerRecord, UserId, WorkflowId } from '@troupe/contracts';
import { eventId, ledgerFilter, LedgerRecord as Schema, ledgerSubject } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { DirectReader, LEDGER_STREAM } from '@troupe/shared';
import type { Accounts, AttemptPlan, Opened, OpenAttempt } from '../accounting/accounts.ts';
import type { OpenAccountsOptions } from '../accounting/open-accounts.ts';
import { openAccounts } from '../accounting/open-accounts.ts';
import type { PriceTable } from '../accounting/prices.ts';
import type { CallIdentity } from '../call-identity.ts';

/** gpt-4.1-mini: 400 nano-dollars per token of input, 100 if it was cached, 1,600 of output. */
export const PRICES: PriceTable = [
  {
    provider: 'openai',
    model: 'gpt-4.1-mini',
    from: '2026-01-01',
    rates: { input: 400, cachedInput: 100, cacheWrite: 400, cacheWriteLong: 400, output: 1_600 },
  },
];

export interface TestAccounts extends Accounts, AsyncDisposable {
  /** Everything that was told, as one word and whom it is about. */
  readonly told: string[];
}

export function testAccounts(
  kernel: Pick<Kernel, 'connection' | 'publisher'>,
  more: Partial<OpenAccountsOptions> = {},
): TestAccounts {
  const told: string[] = [];
  const accounts = openAccounts(kernel, {
    prices: PRICES,
    limits: { workflow: undefined, userDay: undefined, day: undefined },
    gateway: randomUUID(),
    now: Date.now,
    newId: randomUUID,
    random: Math.random,
    observer: {
      onPriceMissing: ({ model }) => told.push(`price_missing ${model}`),
      onBudgetRefused: (scope) => told.push(`budget_refused ${scope}`),
      onSuspectedDuplicate: ({ workflow }) => told.push(`suspected_duplicate ${workflow}`),
      onInconsistentUsage: ({ model }) => told.push(`inconsistent_usage ${model}`),
      onRecordLate: ({ workflow }) => told.push(`record_late ${workflow}`),
      onRecordLost: ({ workflow }) => told.push(`record_lost ${workflow}`),
    },
    ...more,
  });
  return { ...accounts, told };
}

/** A call as one delivery of its request sees it: a second delivery of the same request is an equal one. */
export const callOf = (workflow: string): CallIdentity => ({
  user: 'alice' as UserId,
  workflow: workflow as WorkflowId,
  request: eventId(workflow, 'llm') satisfies EventId,
});

export const planOf = (call: CallIdentity, more: Partial<AttemptPlan> = {}): AttemptPlan => ({
  call,
  target: { provider: 'openai', model: 'gpt-4.1-mini' },
  keyId: '9f86d081',
  kind: 'first',
  request: {
    messages: [{ role: 'user', text: 'x'.repeat(384) }],
    tools: [],
    toolChoice: 'auto',
    outputSchema: undefined,
    maxTokens: 1_000,
  },
  leftMs: 10_000,
  ...more,
});

export function opened(result: Opened): OpenAttempt {
  if (result.kind !== 'opened') throw new Error(JSON.stringify(result));
  return result.attempt;
}

/** Every record of an attempt, oldest first. */
export async function recordsOf(
  kernel: Kernel,
  call: CallIdentity,
  attempt: number,
): Promise<LedgerRecord[]> {
  const raws = await reader(kernel).allAt(ledgerSubject(call, attempt));
  return raws.map(({ body }) => Schema.parse(JSON.parse(Buffer.from(body).toString())));
}

/** The last record of every attempt of a call. */
export async function lastRecordsOf(kernel: Kernel, call: CallIdentity): Promise<LedgerRecord[]> {
  const raws = await reader(kernel).lastOfEach(ledgerFilter(call));
  const records = raws.map(({ body }) => Schema.parse(JSON.parse(Buffer.from(body).toString())));
  return records.sort((a, b) => a.attempt - b.attempt);
}

const reader = ({ connection }: Kernel): DirectReader => new DirectReader(connection, LEDGER_STREAM);
