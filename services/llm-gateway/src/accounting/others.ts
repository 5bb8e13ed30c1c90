// What others made of a request before, or beside, whoever handles it now: a process that is gone, an earlier delivery. What they left open is
// presumed to have ended; should one of them live, its own end replaces that (ledger.ts, L2).
import type { LedgerKey } from '@troupe/contracts';
import type { Earlier } from './accounts.ts';
import { presumedEnding, tookOf } from './ending.ts';
import type { Begun, Ledger, Recorded } from './ledger.ts';
import type { PriceTable } from './prices.ts';
import type { Settle } from './reserve.ts';

export interface Others {
  /** Settles and puts on record what they left open. What cannot be written stays a beginning, and is presumed by whoever comes next. */
  presume(others: readonly Recorded[]): Promise<unknown>;
  took(others: readonly Recorded[]): Earlier;
}

export interface OthersOptions {
  readonly prices: PriceTable;
  readonly ledger: Pick<Ledger, 'presume'>;
  readonly settle: Settle;
  readonly onSuspectedDuplicate: (call: LedgerKey) => void;
}

export function createOthers({ prices, ledger, settle, onSuspectedDuplicate }: OthersOptions): Others {
  async function presumeEnded(orphan: Begun): Promise<void> {
    const ending = presumedEnding(orphan.record, prices);
    await settle(orphan.record, ending.cost_nano_usd ?? 0);
    if (!(await ledger.presume(orphan, { ...ending, duration_ms: null }))) return;
    const { user, workflow, request } = orphan.record;
    onSuspectedDuplicate({ user, workflow, request });
  }

  return {
    presume: (others) =>
      Promise.allSettled(
        others.map(({ record, seq }) =>
          record.phase === 'begun' ? presumeEnded({ record, seq }) : Promise.resolve(),
        ),
      ),
    took: (others) =>
      tookOf(
        others.map(({ record }) => record),
        prices,
      ),
  };
}
