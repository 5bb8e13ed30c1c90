// What a run showed: which rules were kept, the line of JSON, and the text for people. Pure.
import type { BudgetResult } from './budget.ts';
import { summedError } from './compare.ts';
import type { ChaosResult } from './run.ts';

export interface ChaosReport {
  readonly chaos: ChaosResult;
  readonly budget: BudgetResult;
}

/** The guarantees, and whether they were kept. How good estimates are is told, and no guarantee. */
export const rulesOf = ({ chaos, budget }: ChaosReport): Readonly<Record<string, boolean>> => ({
  'every call has exactly one result': chaos.once === chaos.calls && chaos.moreThanOnce === 0,
  'every call that the provider saw is one attempt in the ledger':
    chaos.comparison.seen > 0 && chaos.comparison.unbooked === 0,
  'every attempt has an end': chaos.comparison.unended === 0,
  'tokens are exact wherever the provider told them':
    chaos.comparison.wrong === 0 && chaos.comparison.exact > 0,
  'the budget is never overrun': budget.settledNanoUsd <= budget.limitNanoUsd,
  'who is refused is told that the budget is exceeded': budget.refused > 0 && budget.others === 0,
});

export function jsonOf(report: ChaosReport): object {
  const { chaos, budget } = report;
  const { comparison } = chaos;
  return {
    rules: rulesOf(report),
    calls: chaos.calls,
    seed: chaos.seed,
    gateways: 2,
    seconds: rounded(chaos.seconds, 1),
    results: { once: chaos.once, more_than_once: chaos.moreThanOnce },
    completed: chaos.completed,
    failed: chaos.failed,
    faults: chaos.faults,
    provider_calls: comparison.seen,
    ledger_attempts: comparison.booked,
    unbooked: comparison.unbooked,
    unseen: comparison.unseen,
    unended: comparison.unended,
    exact: comparison.exact,
    wrong: comparison.wrong,
    estimated: comparison.estimated,
    estimated_tokens: comparison.estimatedTokens,
    counted_tokens: comparison.countedTokens,
    summed_error: rounded(summedError(comparison), 4),
    budget: {
      calls: budget.calls,
      completed: budget.completed,
      refused: budget.refused,
      others: budget.others,
      limit_nano_usd: budget.limitNanoUsd,
      settled_nano_usd: budget.settledNanoUsd,
    },
  };
}

export function textOf(report: ChaosReport): string {
  const { chaos, budget } = report;
  const { comparison } = chaos;
  const told = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ') || 'none';
  return `${[
    `${chaos.calls} calls, seed ${chaos.seed}, two gateways, ${chaos.seconds.toFixed(1)} s`,
    `  answered ${chaos.completed}; failed: ${told(chaos.failed)}`,
    `  provider: ${comparison.seen} calls; ${told(chaos.faults)}`,
    `  ledger: ${comparison.booked} attempts; ${comparison.exact} exact, ${comparison.estimated} estimated, ${comparison.unseen} given up before they arrived`,
    `  estimates: ${comparison.estimatedTokens} tokens for ${comparison.countedTokens}, summed error ${(100 * summedError(comparison)).toFixed(1)} %`,
    `${budget.calls} calls at once under a budget of ${budget.limitNanoUsd} nano-dollars`,
    `  answered ${budget.completed}, refused ${budget.refused}; settled ${budget.settledNanoUsd}`,
    ...Object.entries(rulesOf(report)).map(([rule, kept]) => `${kept ? 'kept  ' : 'BROKEN'}  ${rule}`),
  ].join('\n')}\n`;
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
