// The accounts of model calls: price, reservation, ledger and settlement of every attempt, in this order. What a table, a rule or a store
// decides stands in the files beside this one. A cost is settled before its attempt's end goes on record: whoever dies between leaves a
// beginning, which is presumed to have ended, and what was settled is not settled again (budgets.ts, B2).
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerKey } from '@troupe/contracts';
import type { CallIdentity } from '../call-identity.ts';
import type { Target } from '../rules/targets.ts';
import type { Accounts, AttemptEnd, AttemptPlan, Charge, OpenAttempt, Opened } from './accounts.ts';
import type { ScopeName } from './budgets.ts';
import { OUTLIVES_MS, scopesOf } from './budgets.ts';
import { endingOf } from './ending.ts';
import type { Expected } from './estimate.ts';
import { inputTokensOf } from './estimate.ts';
import type { Begun, Ledger } from './ledger.ts';
import { createOthers } from './others.ts';
import type { PriceRow, PriceTable } from './prices.ts';
import { mostOf, priceAt } from './prices.ts';
import type { Budgets } from './reserve.ts';
import { reserveInAll, settleIn } from './reserve.ts';

/** For metrics and the log. */
export interface AccountsObserver {
  /** An attempt at a model without a price begins. */
  onPriceMissing(target: Target): void;
  onBudgetRefused(scope: ScopeName, call: CallIdentity): void;
  /** A process ended in the middle of an attempt: the provider may have been paid for an answer that nobody got. */
  onSuspectedDuplicate(call: LedgerKey): void;
  onInconsistentUsage(target: Target): void;
  /** The call goes on although its end is not on record yet. */
  onRecordLate(call: LedgerKey): void;
  /** The end of an attempt could not be put on record: its beginning stands there alone. */
  onRecordLost(call: LedgerKey, error: unknown): void;
}

export interface AccountsOptions {
  readonly prices: PriceTable;
  readonly ledger: Ledger;
  readonly budgets: Budgets | undefined;
  /** Of this process. */
  readonly gateway: string;
  /** How long whoever made a call waits for the books, in milliseconds. */
  readonly patienceMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly observer: AccountsObserver;
}

export interface KeptAccounts extends Accounts {
  /** Resolves when every attempt that ended is on record, or was given up. */
  recorded(): Promise<void>;
}

export function createAccounts(options: AccountsOptions): KeptAccounts {
  const { prices, ledger, budgets, gateway, patienceMs, now, observer } = options;
  const settle = settleIn(budgets);
  const others = createOthers({
    ...{ prices, ledger, settle },
    onSuspectedDuplicate: (call) => observer.onSuspectedDuplicate(call),
  });
  const unrecorded = new Set<Promise<void>>();

  async function open(plan: AttemptPlan): Promise<Opened> {
    const { call, kind, keyId, request } = plan;
    // By name: a target may carry more than its name, and none of it belongs into the books or a log.
    const target: Target = { provider: plan.target.provider, model: plan.target.model };
    const at = now();
    const expected = { input_tokens: inputTokensOf(request), output_tokens: request.maxTokens };
    const price = priceAt(prices, target, at);
    if (price === undefined) observer.onPriceMissing(target);
    const held = await hold({ plan, at, expected, price }, options);
    if (held.kind !== 'held') return held;
    const { reservation } = held;
    const facts = { ...call, gateway, kind, ...target, key_id: keyId, at: new Date(at).toISOString() };
    try {
      const { begun, others: seen } = await ledger.begin(call, { ...facts, expected, reservation });
      // Beside the call: it keeps nobody waiting.
      const presumed = others.presume(seen ?? []);
      const attempt = opened({ call, target, begun, price, presumed });
      return { kind: 'opened', attempt, earlier: seen && others.took(seen) };
    } catch (error) {
      void settle({ ...facts, reservation }, 0);
      throw error;
    }
  }

  function opened({ call, target, begun, price, presumed }: Open): OpenAttempt {
    const startedAt = performance.now();
    return {
      async end(end: AttemptEnd): Promise<Charge> {
        const ending = endingOf(end, begun.record.expected, price);
        const { usage, estimated, cost_nano_usd, inconsistent } = ending;
        if (inconsistent) observer.onInconsistentUsage(target);
        const duration_ms = Math.round(performance.now() - startedAt);
        const recorded = settle(begun.record, cost_nano_usd ?? 0)
          .then(() => ledger.end(call, begun, { ...ending, duration_ms }))
          .catch((error: unknown) => {
            observer.onRecordLost(call, error);
          });
        unrecorded.add(recorded);
        void recorded.then(() => unrecorded.delete(recorded));
        if (!(await inTime(Promise.all([recorded, presumed]), patienceMs))) observer.onRecordLate(call);
        return { usage, estimated, costNanoUsd: cost_nano_usd };
      },
    };
  }

  return {
    open,
    async earlier(call) {
      const seen = await ledger.others(call);
      await inTime(others.presume(seen), patienceMs);
      return others.took(seen);
    },
    async recorded() {
      await Promise.all(unrecorded);
    },
  };
}

/** What the longest answer may cost, reserved in every budget that the call counts against; without one nothing is. */
async function hold(
  { plan, at, expected, price }: Beginnings,
  { budgets, newId, observer }: AccountsOptions,
): Promise<Held | NotOpened> {
  const scopes = budgets === undefined ? [] : scopesOf(budgets.limits, plan.call, at);
  if (budgets === undefined || scopes.length === 0) return { kind: 'held', reservation: undefined };
  if (price === undefined) return { kind: 'price_unknown' };
  const id = newId();
  const expiresAt = Math.ceil(at + plan.leftMs) + OUTLIVES_MS;
  const reserved = await reserveInAll(
    budgets.store,
    scopes,
    { id, nanoUsd: mostOf(price, expected), expiresAt },
    at,
  );
  if (reserved.kind === 'reserved') return { kind: 'held', reservation: id };
  observer.onBudgetRefused(reserved.scope, plan.call);
  return reserved;
}

interface Beginnings {
  readonly plan: AttemptPlan;
  readonly at: number;
  readonly expected: Expected;
  readonly price: PriceRow | undefined;
}

type NotOpened = Exclude<Opened, { kind: 'opened' }>;
interface Held {
  readonly kind: 'held';
  readonly reservation: string | undefined;
}

interface Open {
  readonly call: CallIdentity;
  readonly target: Target;
  readonly begun: Begun;
  readonly price: PriceRow | undefined;
  /** What others left is dealt with. */
  readonly presumed: Promise<unknown>;
}

/** Whether `work` was done within `ms`; it goes on if not. */
async function inTime(work: Promise<unknown>, ms: number): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(ms, false, { signal: over.signal }).catch(() => false);
  const done = await Promise.race([work.then(() => true), late]);
  over.abort();
  return done;
}
