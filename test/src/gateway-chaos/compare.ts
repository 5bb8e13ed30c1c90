// The books beside the provider's own record. Pure. Attempts of one call are made one after another, so that the n-th in the ledger
// is the n-th that the provider saw.
import type { LedgerEnded, LedgerRecord } from '@troupe/contracts';
import type { SimulatedCall } from '../../../services/llm-gateway/src/test-support/simulator.ts';

/** One model call: what its provider saw of it, and what is in the books. */
export interface Call {
  readonly seen: readonly Seen[];
  readonly booked: readonly LedgerRecord[];
}

export type Seen = Pick<
  SimulatedCall,
  'outcome' | 'prompt_tokens' | 'input_tokens' | 'output_tokens' | 'usage_told' | 'sent_tokens'
>;

export interface Comparison {
  readonly seen: number;
  readonly booked: number;
  /** The provider saw them, the books do not have them. */
  readonly unbooked: number;
  /** Given up before the provider, busy with others, had read them. */
  readonly unseen: number;
  /** Begun, and nothing more. */
  readonly unended: number;
  /** The provider said what was used, and so do the books. */
  readonly exact: number;
  /** The provider said what was used, or that nothing was, or saw no call at all, and the books say otherwise. */
  readonly wrong: number;
  readonly estimated: number;
  /** Input and output of the estimated ones: as booked, and as the provider counted. */
  readonly estimatedTokens: number;
  readonly countedTokens: number;
}

const NOTHING: Comparison = {
  seen: 0,
  booked: 0,
  unbooked: 0,
  unseen: 0,
  unended: 0,
  exact: 0,
  wrong: 0,
  estimated: 0,
  estimatedTokens: 0,
  countedTokens: 0,
};

export const compare = (calls: Iterable<Call>): Comparison => {
  let sum = NOTHING;
  for (const call of calls) sum = plus(sum, compareCall(call));
  return sum;
};

function compareCall({ seen, booked }: Call): Comparison {
  const inOrder = booked.toSorted((a, b) => a.attempt - b.attempt);
  const gone = new Set(inOrder.filter(isHungUp).slice(0, Math.max(0, booked.length - seen.length)));
  const arrived = inOrder.filter((record) => !gone.has(record));
  const ends = arrived.map((record, i) => {
    const at = seen[i];
    if (at === undefined) return { ...NOTHING, wrong: 1 };
    return record.phase === 'ended' ? compareEnd(record, at) : NOTHING;
  });
  const own = {
    ...NOTHING,
    seen: seen.length,
    booked: booked.length,
    unbooked: Math.max(0, seen.length - booked.length),
    unseen: gone.size,
    unended: booked.filter(({ phase }) => phase === 'begun').length,
  };
  return ends.reduce(plus, own);
}

/** The gateway did not wait any longer: what the provider said at that moment, or thinks it said, nobody heard. */
const HUNG_UP: ReadonlySet<string> = new Set([
  'no_response',
  'no_content',
  'stalled',
  'out_of_time',
  'abandoned',
]);

const isHungUp = (record: LedgerRecord): boolean => record.phase === 'ended' && HUNG_UP.has(record.outcome);

function compareEnd(record: LedgerEnded, seen: Seen): Comparison {
  const { usage, estimated } = record;
  const heard = seen.outcome === 'completed' && seen.usage_told && !isHungUp(record);
  if (estimated && !heard) {
    return {
      ...NOTHING,
      estimated: 1,
      estimatedTokens: usage.input_tokens + usage.output_tokens,
      countedTokens: seen.prompt_tokens + seen.sent_tokens,
    };
  }
  const right =
    !estimated && usage.input_tokens === seen.input_tokens && usage.output_tokens === seen.output_tokens;
  return { ...NOTHING, exact: right ? 1 : 0, wrong: right ? 0 : 1 };
}

const plus = (a: Comparison, b: Comparison): Comparison => ({
  seen: a.seen + b.seen,
  booked: a.booked + b.booked,
  unbooked: a.unbooked + b.unbooked,
  unseen: a.unseen + b.unseen,
  unended: a.unended + b.unended,
  exact: a.exact + b.exact,
  wrong: a.wrong + b.wrong,
  estimated: a.estimated + b.estimated,
  estimatedTokens: a.estimatedTokens + b.estimatedTokens,
  countedTokens: a.countedTokens + b.countedTokens,
});

/** Of all estimates together, as a share of what they stand for; 0 without any. */
export const summedError = ({ estimatedTokens, countedTokens }: Comparison): number =>
  countedTokens === 0 ? 0 : Math.abs(estimatedTokens - countedTokens) / countedTokens;
