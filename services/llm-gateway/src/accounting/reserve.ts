// The price of a call reserved in every budget that it counts against, or in none.
import type { Failure, LedgerBegun, LedgerKey } from '@troupe/contracts';
import type { BudgetStore } from './budget-store.ts';
import type { BudgetLimits, Scope, ScopeName } from './budgets.ts';
import { scopesOf } from './budgets.ts';

export interface Price {
  readonly id: string;
  readonly nanoUsd: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export type Reservation =
  | { readonly kind: 'reserved' }
  | {
      readonly kind: 'refused';
      readonly scope: ScopeName;
      readonly error: Failure;
      readonly retryAfterMs: number | undefined;
    };

/** Reserves for a call that begins at `at`. Rejects with RetryableError `budgets_unavailable`; nothing stays reserved then. */
export async function reserveInAll(
  store: BudgetStore,
  scopes: readonly Scope[],
  price: Price,
  at: number,
): Promise<Reservation> {
  const asked: Scope[] = [];
  try {
    for (const scope of scopes) {
      asked.push(scope);
      const reserved = await store.reserve(scope.key, { ...price, limit: scope.limit });
      if (reserved.kind === 'reserved') continue;
      void settleInAll(store, asked, price.id, 0);
      return refusal(scope, price.nanoUsd, reserved.left, at);
    }
    return { kind: 'reserved' };
  } catch (error) {
    void settleInAll(store, asked, price.id, 0);
    throw error;
  }
}

/** Counts what a call cost instead of what was reserved for it; 0 gives it back. Resolves as BudgetStore.settle does. */
export async function settleInAll(
  store: BudgetStore,
  scopes: readonly Scope[],
  id: string,
  nanoUsd: number,
): Promise<void> {
  await Promise.all(scopes.map(({ key }) => store.settle(key, id, nanoUsd)));
}

export interface Budgets {
  readonly limits: BudgetLimits;
  readonly store: BudgetStore;
}

/** Counts what an attempt cost, in nano-dollars, wherever a reservation was made for it. Resolves as BudgetStore.settle does. */
export type Settle = (
  attempt: LedgerKey & Pick<LedgerBegun, 'at' | 'reservation'>,
  nanoUsd: number,
) => Promise<void>;

/** Without budgets it does nothing. */
export const settleIn =
  (budgets: Budgets | undefined): Settle =>
  async ({ at, reservation, ...call }, nanoUsd) => {
    if (budgets === undefined || reservation === undefined) return;
    const scopes = scopesOf(budgets.limits, call, Date.parse(at));
    await settleInAll(budgets.store, scopes, reservation, nanoUsd);
  };

const WORDS: Readonly<Record<ScopeName, readonly [whose: string, variable: string]>> = {
  workflow: ['of this workflow', 'AGENT_BUDGET_WORKFLOW_USD'],
  userDay: ["of this user's day (UTC)", 'AGENT_BUDGET_USER_DAY_USD'],
  day: ['of the day (UTC)', 'AGENT_BUDGET_DAY_USD'],
};

function refusal({ name, limit, resetsAt }: Scope, needed: number, left: number, at: number): Reservation {
  const [whose, variable] = WORDS[name];
  return {
    kind: 'refused',
    scope: name,
    error: {
      code: 'budget_exceeded',
      message: `The budget ${whose} is ${usd(limit)} USD; ${usd(left)} USD are neither spent nor reserved by calls in hand, and this call may cost up to ${usd(needed)} USD.`,
      hint: `Raise ${variable}${resetsAt === undefined ? '' : ', wait until 00:00 UTC'}, or ask for less: a shorter prompt, a lower AGENT_MAX_TOKENS, a cheaper model.`,
    },
    retryAfterMs: resetsAt === undefined ? undefined : resetsAt - at,
  };
}

/** Exactly, without zeros at the end. */
const usd = (nanoUsd: number): string => {
  const [whole, fraction] = [Math.floor(nanoUsd / 1e9), String(nanoUsd % 1e9).padStart(9, '0')];
  return `${whole}.${fraction.replace(/0{1,7}$/, '')}`;
};
