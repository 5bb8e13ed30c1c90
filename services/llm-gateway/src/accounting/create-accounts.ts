// The accounts of model calls: price, reservation, ledger and settlement of every attempt, in this order. What a table, a rule or a store
// decides stands in the files beside this one.
import type { LedgerEnded, LedgerKey } from '@troupe/contracts';
import type { CallIdentity } from '../call-identity.ts';
import type { Target } from '../rules/targets.ts';
import type { Accounts, AttemptEnd, AttemptPlan, Charge, OpenAttempt, Opened } from './accounts.ts';
import type { BudgetStore } from './budget-store.ts';
import type { BudgetLimits, Scope, ScopeName } from './budgets.ts';
import { OUTLIVES_MS, scopesOf } from './budgets.ts';
import type { Expected, Used } from './estimate.ts';
import { inputTokensOf, usedBy, usedByUnknown } from './estimate.ts';
import type { Begun, Ending, Ledger } from './ledger.ts';
import type { PriceRow, PriceTable } from './prices.ts';
import { costOf, isConsistent, priceAt } from './prices.ts';
import { reserveInAll, settleInAll } from './reserve.ts';

/** For metrics and the log. */
export interface AccountsObserver {
  /** An attempt at a model without a price begins. */
  onPriceMissing(target: Target): void;
  onBudgetRefused(scope: ScopeName, call: CallIdentity): void;
  /** A process ended in the middle of an attempt: the provider may have been paid for an answer that nobody got. */
  onSuspectedDuplicate(call: LedgerKey): void;
  onInconsistentUsage(target: Target): void;
}

export interface AccountsOptions {
  readonly prices: PriceTable;
  readonly ledger: Ledger;
  readonly budgets: { readonly limits: BudgetLimits; readonly store: BudgetStore } | undefined;
  /** Of this process. */
  readonly gateway: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly observer: AccountsObserver;
}

export function createAccounts(options: AccountsOptions): Accounts {
  const { prices, ledger, budgets, gateway, now, newId, observer } = options;
  const scopesAt = (call: CallIdentity, at: number): Scope[] =>
    budgets === undefined ? [] : scopesOf(budgets.limits, call, at);

  function settle(scopes: readonly Scope[], id: string | undefined, nanoUsd: number): void {
    if (budgets !== undefined && id !== undefined) settleInAll(budgets.store, scopes, id, nanoUsd);
  }

  async function presumeEnded(orphan: Begun): Promise<void> {
    const { record } = orphan;
    const at = Date.parse(record.at);
    const price = priceAt(prices, record, at);
    const ending = endingOf('suspected_duplicate', usedByUnknown(record.expected), price);
    if (!(await ledger.presume(orphan, { ...ending, duration_ms: null }))) return;
    settle(scopesAt(record, at), record.reservation, ending.cost_nano_usd ?? 0);
    observer.onSuspectedDuplicate(record);
  }

  /** The price of the longest answer, reserved in every budget that the call counts against; without one nothing is. */
  async function hold({ plan, at, expected, price }: Beginnings): Promise<Held | Refused> {
    const scopes = scopesAt(plan.call, at);
    if (budgets === undefined || scopes.length === 0) return { kind: 'held', scopes, reservation: undefined };
    if (price === undefined) return priceUnknown(plan.target);
    const id = newId();
    const held = {
      id,
      nanoUsd: costOf(price, expected),
      expiresAt: Math.ceil(at + plan.leftMs) + OUTLIVES_MS,
    };
    const reserved = await reserveInAll(budgets.store, scopes, held, at);
    if (reserved.kind === 'reserved') return { kind: 'held', scopes, reservation: id };
    observer.onBudgetRefused(reserved.scope, plan.call);
    return reserved;
  }

  async function open(plan: AttemptPlan): Promise<Opened> {
    const { call, target, kind, keyId, request } = plan;
    const at = now();
    const expected = { input_tokens: inputTokensOf(request), output_tokens: request.maxTokens };
    const price = priceAt(prices, target, at);
    if (price === undefined) observer.onPriceMissing(target);
    const held = await hold({ plan, at, expected, price });
    if (held.kind === 'refused') return held;
    const { scopes, reservation } = held;
    const facts = { ...call, gateway, kind, ...target, key_id: keyId, at: new Date(at).toISOString() };
    try {
      const { begun, orphans } = await ledger.begin(call, { ...facts, expected, reservation });
      // Beside the call: one that cannot be written stays a beginning, and keeps nobody waiting.
      const presumed = Promise.allSettled(orphans.map(presumeEnded));
      return { kind: 'opened', attempt: opened({ plan, begun, price, scopes, presumed }) };
    } catch (error) {
      settle(scopes, reservation, 0);
      throw error;
    }
  }

  function opened({ plan, begun, price, scopes, presumed }: Open): OpenAttempt {
    const startedAt = performance.now();
    return {
      async end(end: AttemptEnd): Promise<Charge> {
        const used = usedBy(end, begun.record.expected);
        const ending = endingOf(outcomeOf(end), used, price);
        if (ending.inconsistent) observer.onInconsistentUsage(plan.target);
        settle(scopes, begun.record.reservation, ending.cost_nano_usd ?? 0);
        const duration_ms = Math.round(performance.now() - startedAt);
        await ledger.end(plan.call, begun, { ...ending, duration_ms });
        await presumed;
        return { ...used, costNanoUsd: ending.cost_nano_usd };
      },
    };
  }

  return { open };
}

interface Beginnings {
  readonly plan: AttemptPlan;
  readonly at: number;
  readonly expected: Expected;
  readonly price: PriceRow | undefined;
}

type Refused = Extract<Opened, { kind: 'refused' }>;
interface Held {
  readonly kind: 'held';
  readonly scopes: readonly Scope[];
  readonly reservation: string | undefined;
}

interface Open {
  readonly plan: AttemptPlan;
  readonly begun: Begun;
  readonly price: PriceRow | undefined;
  readonly scopes: readonly Scope[];
  /** What others left is dealt with. */
  readonly presumed: Promise<unknown>;
}

const endingOf = (
  outcome: LedgerEnded['outcome'],
  { usage, estimated }: Used,
  price: PriceRow | undefined,
): Omit<Ending, 'duration_ms'> => ({
  outcome,
  usage,
  estimated,
  ...(isConsistent(usage) ? {} : { inconsistent: true }),
  price_from: price?.from ?? null,
  cost_nano_usd: price === undefined ? null : costOf(price, usage),
});

function outcomeOf(end: AttemptEnd): LedgerEnded['outcome'] {
  switch (end.kind) {
    case 'answered':
      return 'ok';
    case 'failed':
      return end.fault;
    case 'abandoned':
      return 'abandoned';
  }
}

const priceUnknown = ({ provider, model }: Target): Refused => ({
  kind: 'refused',
  error: {
    code: 'price_unknown',
    message: `${provider}/${model} has no price, and a budget cannot be held without one.`,
    hint: 'Add a row for the model to the file that AGENT_PRICES_FILE names, or unset the budgets (AGENT_BUDGET_*).',
  },
  retryAfterMs: undefined,
});
