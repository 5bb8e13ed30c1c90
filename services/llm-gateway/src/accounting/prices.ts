// What tokens cost. Pure. Money is whole nano-dollars (billionths of a US dollar), so that a price per million tokens becomes a whole
// number per token and sums are exact: a rate is at most 1e6 (1,000 USD per million) and a call at most 1e9 tokens, so that a cost stays
// under 2e15, a quarter of what a JavaScript number holds exactly. Batch, priority and regional prices are not known here: we ask for none.
import type { ModelUsage } from '@troupe/contracts';

export const MOST_TOKENS = 1e9;

/** Nano-dollars per token. */
export interface Rates {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly cacheWriteLong: number;
  readonly output: number;
}

/** What one model, or every model whose name begins alike, costs from one day on. */
export interface PriceRow {
  readonly provider: string;
  /** A whole name, or the beginning of one with `*` behind it. */
  readonly model: string;
  /** The day, as YYYY-MM-DD, at whose 00:00 UTC the row begins to hold. */
  readonly from: string;
  readonly rates: Rates;
  /** A prompt of more tokens than this, cached ones included, costs these rates from its first token on. */
  readonly above?: { readonly inputTokens: number; readonly rates: Rates } | undefined;
}

export type PriceTable = readonly PriceRow[];

/**
 * The row that holds for a model at `at` (milliseconds since 1970), or undefined. A whole name goes before a beginning, a longer
 * beginning before a shorter, and of those the latest row that has begun.
 */
export function priceAt(
  table: PriceTable,
  { provider, model }: Pick<PriceRow, 'provider' | 'model'>,
  at: number,
): PriceRow | undefined {
  let best: PriceRow | undefined;
  for (const row of table) {
    if (row.provider !== provider || !isFor(row, model) || Date.parse(row.from) > at) continue;
    if (best === undefined || goesBefore(row, best)) best = row;
  }
  return best;
}

const isFor = (row: PriceRow, model: string): boolean =>
  row.model.endsWith('*') ? model.startsWith(row.model.slice(0, -1)) : model === row.model;

const goesBefore = (a: PriceRow, b: PriceRow): boolean =>
  precision(a) === precision(b) ? a.from > b.from : precision(a) > precision(b);

const precision = ({ model }: PriceRow): number =>
  model.endsWith('*') ? model.length : Number.POSITIVE_INFINITY;

/** Every token of a call in exactly one place, as it is charged. */
export type Buckets = Readonly<Record<keyof Rates, number>>;

/** What of a write is not said to be kept longer counts as kept for the shorter time. Reasoning is output like any other. */
export function bucketsOf(usage: ModelUsage): Buckets {
  const { cached_input_tokens: cached = 0, cache_write_tokens: written = 0 } = usage;
  const long = Math.min(usage.cache_write_long_tokens ?? 0, written);
  return {
    input: Math.max(0, usage.input_tokens - cached - written),
    cachedInput: cached,
    cacheWrite: written - long,
    cacheWriteLong: long,
    output: usage.output_tokens,
  };
}

/** Whether the parts fit into what they are parts of. Where they do not, the parts are charged as they were reported. */
export function isConsistent(usage: ModelUsage): boolean {
  const { cached_input_tokens: cached = 0, cache_write_tokens: written = 0 } = usage;
  return (
    cached + written <= usage.input_tokens &&
    (usage.cache_write_long_tokens ?? 0) <= written &&
    (usage.reasoning_tokens ?? 0) <= usage.output_tokens
  );
}

/** In nano-dollars. */
export function costOf({ rates, above }: PriceRow, usage: ModelUsage): number {
  return costAt(above !== undefined && usage.input_tokens > above.inputTokens ? above.rates : rates, usage);
}

/** How far a prompt may be longer than its estimate, when it comes to the threshold of other rates. */
const MARGIN = 1.25;

/** What a call may cost whose prompt is only estimated: all of it at the dearest rate that a prompt can have. In nano-dollars. */
export function mostOf({ rates, above }: PriceRow, expected: ModelUsage): number {
  const isNear = above !== undefined && expected.input_tokens * MARGIN > above.inputTokens;
  const costs = (isNear ? [rates, above.rates] : [rates]).map((tier) =>
    costAt({ ...tier, input: Math.max(tier.input, tier.cacheWrite, tier.cacheWriteLong) }, expected),
  );
  return Math.max(...costs);
}

function costAt(applied: Rates, usage: ModelUsage): number {
  const buckets = bucketsOf(usage);
  return (
    buckets.input * applied.input +
    buckets.cachedInput * applied.cachedInput +
    buckets.cacheWrite * applied.cacheWrite +
    buckets.cacheWriteLong * applied.cacheWriteLong +
    buckets.output * applied.output
  );
}
