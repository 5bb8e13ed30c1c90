// The accounts of a gateway process on its kernel: ledger always, budgets only where there is a limit.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from '@troupe/shared';
import { BUDGETS_BUCKET, openEntries } from '@troupe/shared';
import type { Accounts } from './accounts.ts';
import type { BudgetTimes } from './budget-store.ts';
import { createBudgetStore } from './budget-store.ts';
import type { BudgetLimits } from './budgets.ts';
import type { AccountsObserver } from './create-accounts.ts';
import { createAccounts } from './create-accounts.ts';
import type { LedgerTimes } from './ledger.ts';
import { createLedger, LEDGER_TIMES } from './ledger.ts';
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

/** How long disposing waits for what is tried once more. */
const FAREWELL_MS = 2_500;

/** Whoever opens them disposes of them behind the last call, which waits briefly for what is not settled or not on record yet. */
export function openAccounts(
  { connection, publisher }: Pick<Kernel, 'connection' | 'publisher'>,
  options: OpenAccountsOptions,
): Accounts & AsyncDisposable {
  const { limits, ledgerTimes = LEDGER_TIMES, budgetTimes, now, random } = options;
  const limited = Object.values(limits).some((limit) => limit !== undefined);
  const store = limited
    ? createBudgetStore({
        entries: openEntries(connection, publisher, BUDGETS_BUCKET),
        ...{ now, random },
        ...(budgetTimes === undefined ? {} : { times: budgetTimes }),
      })
    : undefined;
  const ledger = createLedger({ connection, publisher, times: ledgerTimes });
  const budgets = store === undefined ? undefined : { limits, store };
  const accounts = createAccounts({ ...options, ledger, budgets, patienceMs: ledgerTimes.patience });
  return {
    ...accounts,
    async [Symbol.asyncDispose]() {
      await store?.[Symbol.asyncDispose]();
      ledger.close();
      await Promise.race([accounts.recorded(), sleep(FAREWELL_MS, undefined, { ref: false })]);
    },
  };
}
