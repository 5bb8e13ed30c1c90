// The accounts of a gateway process on its kernel: ledger always, budgets only where there is a limit.
import type { Kernel } from '@troupe/shared';
import { BUDGETS_BUCKET, openEntries } from '@troupe/shared';
import type { Accounts } from './accounts.ts';
import type { BudgetTimes } from './budget-store.ts';
import { createBudgetStore } from './budget-store.ts';
import type { BudgetLimits } from './budgets.ts';
import type { AccountsObserver } from './create-accounts.ts';
import { createAccounts } from './create-accounts.ts';
import type { LedgerTimes } from './ledger.ts';
import { createLedger } from './ledger.ts';
import type { PriceTable } from './prices.ts';

export interface OpenAccountsOptions {
  readonly prices: PriceTable;
  readonly limits: BudgetLimits;
  /** Names this process in the ledger. */
  readonly gateway: string;
  readonly observer: AccountsObserver;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly random: () => number;
  readonly ledgerTimes?: LedgerTimes;
  readonly budgetTimes?: BudgetTimes;
}

/** Whoever opens them disposes of them behind the last call, which waits briefly for what is not settled yet. */
export function openAccounts(
  { connection, publisher }: Pick<Kernel, 'connection' | 'publisher'>,
  options: OpenAccountsOptions,
): Accounts & AsyncDisposable {
  const { limits, ledgerTimes, budgetTimes, now, random } = options;
  const limited = Object.values(limits).some((limit) => limit !== undefined);
  const store = limited
    ? createBudgetStore({
        entries: openEntries(connection, publisher, BUDGETS_BUCKET),
        ...{ now, random },
        ...(budgetTimes === undefined ? {} : { times: budgetTimes }),
      })
    : undefined;
  const ledger = createLedger({
    ...{ connection, publisher },
    ...(ledgerTimes === undefined ? {} : { times: ledgerTimes }),
  });
  const budgets = store === undefined ? undefined : { limits, store };
  return {
    ...createAccounts({ ...options, ledger, budgets }),
    async [Symbol.asyncDispose]() {
      await store?.[Symbol.asyncDispose]();
    },
  };
}
