// S16, G32, G34, G35: every token is paid for once, by who used it, at the price of its day, and never more than a budget allows.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerEnded, LedgerRecord, ModelUsage } from '@troupe/contracts';
import { callsSeen, codeOf, GOAL, isWhole, servedWhole, wordsFor } from '../evidence.ts';
import type { Outcome } from '../caller.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';
import { PATIENT } from '../world.ts';

const dialects = ['responses', 'messages'] as const;
const NANO_PER_USD = 1e9;
const DAY_MS = 86_400_000;

interface Price {
  readonly from?: string;
  readonly usd_per_million: Readonly<Record<string, number>>;
  readonly above?: object;
}

/** Setting that gives every model these prices. */
export function prices(
  { folder, primary, fallback }: World,
  ...given: readonly Price[]
): Record<string, string> {
  const rows = [primary, fallback].flatMap(({ provider, model }) =>
    given.map((price) => ({ provider, model, from: '2020-01-01', ...price })),
  );
  const file = join(folder, 'prices.json');
  writeFileSync(file, JSON.stringify({ source: 'scorecard', rows }));
  return { AGENT_PRICES_FILE: file };
}

const costOf = (outcome: Outcome | undefined): number | null | undefined => outcome?.data.cost_nano_usd;

const ended = (records: readonly LedgerRecord[]) => records.filter((record) => record.phase === 'ended');

export const spent = (records: readonly LedgerRecord[]): number =>
  ended(records).reduce((sum, { cost_nano_usd }) => sum + (cost_nano_usd ?? 0), 0);

async function failOver(world: World): Promise<Judgement> {
  await world.primary.always({ kind: 'cut', afterEvents: 20 });
  await world.fallback.once({ kind: 'usage', report: { input: 123, output: 45 } });
  const outcome = await world.outcomeOf(await world.ask(GOAL));
  const { first, words } = await callsSeen(world);
  const records = ended(await world.ledger());
  const of = (side: World['primary']) =>
    records.filter(({ provider, model }) => provider === side.provider && model === side.model);
  const [served] = of(world.fallback);
  const usage = usageOf(outcome);
  return judge({
    caller: `${wordsFor(outcome)}, ${usage.input_tokens} + ${usage.output_tokens} tokens, ${costOf(outcome) ?? 0} nano-dollars`,
    provider: `${words}; ${records.length} attempts in the ledger`,
    served: servedWhole(outcome, world.fallback),
    conduct: {
      'usage as the fallback told it': usage.input_tokens === 123 && usage.output_tokens === 45,
      'one entry for each call': of(world.primary).length === first.length && of(world.fallback).length === 1,
      'the answer charged to who gave it':
        served?.outcome === 'ok' && served.usage.input_tokens === 123 && !served.estimated,
      'failed attempts told as such': of(world.primary).every(isEstimatedFault),
      'the cost is the sum of the ledger': costOf(outcome) === spent(records),
    },
  });
}

const isEstimatedFault = ({ outcome, estimated }: LedgerEnded): boolean => outcome !== 'ok' && estimated;

const usageOf = (outcome: Outcome | undefined): ModelUsage =>
  outcome?.type === 'llm.completed' ? outcome.data.usage : { input_tokens: 0, output_tokens: 0 };

/** 100 output tokens at this price are a tenth of a dollar, so fifty such calls are the budget. */
const DEAR: Price = { usd_per_million: { input: 0, output: 1_000 } };
const AFFORDED = 50;

async function budgetRace(world: World): Promise<Judgement> {
  for (const side of [world.primary, world.fallback])
    await side.always({ kind: 'usage', report: { input: 10, output: 100 } });
  const requests = await Promise.all(
    Array.from({ length: 200 }, () => world.ask('a short goal', { max_tokens: 100 })),
  );
  const outcomes = await Promise.all(requests.map((request) => world.outcomeOf(request)));
  const { first, second, words } = await callsSeen(world);
  const completed = outcomes.filter((outcome) => isWhole(outcome, 'a short goal')).length;
  const refused = outcomes.filter((outcome) => codeOf(outcome) === 'budget_exceeded').length;
  const records = await world.ledger();
  const cost = spent(records) / NANO_PER_USD;
  return judge({
    caller: `${completed} whole, ${refused} budget_exceeded`,
    provider: `${words}; $${cost.toFixed(2)} of $5.00`,
    served:
      completed + refused === 200 && completed === AFFORDED
        ? 'as_due'
        : completed > AFFORDED
          ? 'wrong'
          : 'clean_error',
    conduct: {
      'never more than the budget': cost <= 5,
      'no call beside the books': first.length + second.length === ended(records).length,
    },
  });
}

const RATES: Price = {
  usd_per_million: { input: 1, cached_input: 0.1, cache_write: 1.25, cache_write_long: 2, output: 5 },
};

/** Of 300 tokens written to the cache only 150 are broken down; the others are the server tool's. */
async function cacheRemainder(world: World): Promise<Judgement> {
  const report = {
    input: 1_000,
    output: 100,
    cached: 400,
    cacheWrite: 300,
    cacheWriteShort: 100,
    cacheWriteLong: 50,
    webSearches: 3,
  };
  await world.primary.once({ kind: 'usage', report });
  const outcome = await world.outcomeOf(await world.ask(GOAL));
  const due = 300 * 1_000 + 400 * 100 + 250 * 1_250 + 50 * 2_000 + 100 * 5_000;
  const usage = usageOf(outcome);
  const { words } = await callsSeen(world);
  return judge({
    caller: `${costOf(outcome) ?? 'no'} nano-dollars of ${due}`,
    provider: words,
    served: servedWhole(outcome, world.primary),
    conduct: {
      'input with the cache': usage.input_tokens === 1_000 && usage.cached_input_tokens === 400,
      'all that was written to the cache':
        usage.cache_write_tokens === 300 && usage.cache_write_long_tokens === 50,
      'the remainder charged once': costOf(outcome) === due,
    },
  });
}

const dayFrom = (ms: number): string => new Date(Date.now() + ms).toISOString().slice(0, 10);
const TIER = { input_tokens: 272_000, usd_per_million: { input: 2, output: 7.5 } };
const SHIFTED_CLOCK = new URL('../clock-shift.ts', import.meta.url).href;

/** A price that changes tomorrow, and a tier of today's: at its edge, above it, and in a gateway whose clock is a day ahead. */
async function priceChange(world: World): Promise<Judgement> {
  const settings = prices(
    world,
    { usd_per_million: { input: 1, output: 5 }, above: TIER },
    { from: dayFrom(DAY_MS), usd_per_million: { input: 3, output: 15 } },
  );
  const ask = async (input: number): Promise<number | null | undefined> => {
    await world.primary.once({ kind: 'usage', report: { input, output: 100 } });
    return costOf(await world.outcomeOf(await world.ask(GOAL)));
  };
  const today = await world.startGateway(settings);
  const costs = [await ask(272_000), await ask(272_001)];
  await today.process.stop();
  await world.startGateway({
    ...settings,
    NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`,
    TEST_CLOCK_SHIFT_MS: String(DAY_MS),
  });
  costs.push(await ask(1_000));
  const due = [272_000 * 1_000 + 100 * 5_000, 272_001 * 2_000 + 100 * 7_500, 1_000 * 3_000 + 100 * 15_000];
  const { words } = await callsSeen(world);
  return judge({
    caller: `${costs.join(', ')} nano-dollars`,
    provider: words,
    served: costs.every((cost) => typeof cost === 'number') ? 'as_due' : 'clean_error',
    conduct: {
      'up to the tier at the lower price': costs[0] === due[0],
      'above it the whole request at the higher one': costs[1] === due[1],
      "tomorrow's price from midnight on": costs[2] === due[2],
    },
  });
}

export const accounting: readonly Scenario[] = [
  {
    ...{ id: 'S16', title: 'fail-over accounting', dialects, run: failOver },
    settings: (world) => prices(world, RATES),
  },
  {
    ...{
      id: 'G32',
      title: '200 calls race for a budget of 50',
      dialects: ['responses'],
      gateways: 2,
      run: budgetRace,
    },
    settings: (world) => ({
      ...prices(world, DEAR),
      AGENT_BUDGET_DAY_USD: '5',
      ...PATIENT,
    }),
  },
  {
    ...{
      id: 'G34',
      title: 'cache writes beyond their breakdown',
      dialects: ['messages'],
      run: cacheRemainder,
    },
    settings: (world) => prices(world, RATES),
  },
  {
    id: 'G35',
    title: 'price change at midnight, and tiers',
    dialects: ['responses'],
    gateways: 0,
    run: priceChange,
  },
];
