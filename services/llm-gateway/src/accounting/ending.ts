// How an attempt ended, as its record says it, and what the attempts of others took by their records. Pure. Who writes it stands in
// create-accounts.ts.
import type { LedgerBegun, LedgerEnded, LedgerRecord, ModelUsage } from '@troupe/contracts';
import type { AttemptEnd, Earlier } from './accounts.ts';
import type { Expected, Used } from './estimate.ts';
import { usedBy, usedByUnknown } from './estimate.ts';
import type { Ending } from './ledger.ts';
import type { PriceRow, PriceTable } from './prices.ts';
import { costOf, isConsistent, MOST_TOKENS, priceAt } from './prices.ts';

type Unmeasured = Omit<Ending, 'duration_ms'>;

export const endingOf = (end: AttemptEnd, expected: Expected, price: PriceRow | undefined): Unmeasured =>
  ending(outcomeOf(end), usedBy(end, expected), price);

/** Of an attempt whose process is gone. */
export const presumedEnding = (record: LedgerBegun, prices: PriceTable): Unmeasured =>
  ending(
    'suspected_duplicate',
    usedByUnknown(record.expected),
    priceAt(prices, record, Date.parse(record.at)),
  );

/** Those that are open count as they are presumed to end, those that were never sent not at all. */
export function tookOf(records: readonly LedgerRecord[], prices: PriceTable): Earlier {
  let attempts = 0;
  let costNanoUsd: number | null = 0;
  for (const record of records) {
    const ended = record.phase === 'ended' ? record : presumedEnding(record, prices);
    if (ended.outcome === NOT_SENT) continue;
    attempts += 1;
    costNanoUsd = plus(costNanoUsd, ended.cost_nano_usd);
  }
  return { attempts, costNanoUsd };
}

/** The sum of two costs; null as soon as nobody knows one of them. */
export const plus = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.min(a + b, Number.MAX_SAFE_INTEGER);

const NOT_SENT = 'not_sent';

function ending(
  outcome: LedgerEnded['outcome'],
  { usage: reported, estimated }: Used,
  price: PriceRow | undefined,
): Unmeasured {
  const usage = possible(reported);
  const odd = !isConsistent(reported) || Object.values(reported).some((tokens = 0) => tokens > MOST_TOKENS);
  return {
    outcome,
    usage,
    estimated,
    ...(odd && { inconsistent: true }),
    price_from: price?.from ?? null,
    cost_nano_usd: price === undefined ? null : costOf(price, usage),
  };
}

/** No call uses more than this, whatever its provider says. */
const possible = (usage: ModelUsage): ModelUsage =>
  Object.fromEntries(
    Object.entries(usage).map(([name, tokens = 0]) => [name, Math.min(tokens, MOST_TOKENS)]),
  ) as ModelUsage;

function outcomeOf(end: AttemptEnd): LedgerEnded['outcome'] {
  switch (end.kind) {
    case 'answered':
      return 'ok';
    case 'failed':
      return end.fault;
    case 'abandoned':
      return 'abandoned';
    case 'not_sent':
      return NOT_SENT;
  }
}
