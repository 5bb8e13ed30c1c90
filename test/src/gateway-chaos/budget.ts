// Two hundred calls at once under a budget that has room for the price of fifty: whatever the two gateways reserve at the same
// moment, what is settled in the end stays under it, and whoever is refused is told why.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inputTokensOf } from '../../../services/llm-gateway/src/accounting/estimate.ts';
import { scratchFolder } from '../bench/scratch.ts';
import { attemptsIn } from './books.ts';
import { goalOf, makeCalls } from './calls.ts';
import { startStage } from './stage.ts';

export interface BudgetResult {
  readonly calls: number;
  readonly completed: number;
  /** Ended with budget_exceeded. */
  readonly refused: number;
  /** Ended with anything else. */
  readonly others: number;
  readonly limitNanoUsd: number;
  /** Of all attempts, as the ledger has it. */
  readonly settledNanoUsd: number;
}

const CALLS = 200;
const ROOM_FOR = 50;
const MAX_TOKENS = 64;
/** So that prices are easily told: a dollar per million tokens is a thousand nano-dollars per token. */
const NANO_USD_PER_TOKEN = 1_000;
const MODEL = 'gpt-4.1-mini';
/** Every call is still in hand when the next one reserves. */
const LATENCY_MS = 300;

export async function spendBudget(): Promise<BudgetResult> {
  const limitNanoUsd = ROOM_FOR * priceOfOne();
  await using stage = await startStage({
    // Nothing is to time out here: a call that fails says nothing about budgets.
    TEST_TIME_FACTOR: '1',
    AGENT_PRIMARY_MODEL: MODEL,
    FF_AGENTS_LLM_FALLBACK: 'false',
    AGENT_PRICES_FILE: await priceFile(),
    AGENT_BUDGET_USER_DAY_USD: (limitNanoUsd / 1e9).toFixed(9),
  });
  await stage.simulator.script({ times: null, then: { kind: 'latency', ms: LATENCY_MS } });
  const made = await makeCalls(stage.kernel, {
    calls: CALLS,
    atOnce: CALLS,
    asked: { max_tokens: MAX_TOKENS },
  });
  const codes = made.map(({ outcome }) =>
    outcome?.type === 'llm.failed' ? outcome.data.error.code : (outcome?.type ?? 'none'),
  );
  const completed = codes.filter((code) => code === 'llm.completed').length;
  const refused = codes.filter((code) => code === 'budget_exceeded').length;
  const attempts = await attemptsIn(stage.kernel);
  return {
    calls: CALLS,
    completed,
    refused,
    others: CALLS - completed - refused,
    limitNanoUsd,
    settledNanoUsd: attempts
      // What has no end, or no price, may yet cost whatever was reserved for it.
      .map((record) => (record.phase === 'ended' ? record.cost_nano_usd : null) ?? priceOfOne())
      .reduce((sum, cost) => sum + cost, 0),
  };
}

/** What is reserved for one call. */
function priceOfOne(): number {
  const input = inputTokensOf({
    // The longest name that a call has.
    messages: [{ role: 'user', text: goalOf(CALLS) }],
    tools: [],
    toolChoice: 'auto',
    outputSchema: undefined,
    maxTokens: MAX_TOKENS,
  });
  return NANO_USD_PER_TOKEN * (input + MAX_TOKENS);
}

async function priceFile(): Promise<string> {
  const file = join(scratchFolder(), 'prices.json');
  const usd_per_million = { input: 1, output: 1 };
  const rows = [{ provider: 'openai', model: MODEL, from: '2025-01-01', usd_per_million }];
  await writeFile(file, JSON.stringify({ source: 'made up', rows }));
  return file;
}
