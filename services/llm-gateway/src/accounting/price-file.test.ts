import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { StartupError } from '@troupe/shared';
import { readPrices } from './price-file.ts';
import { costOf, priceAt } from './prices.ts';

const folder = mkdtempSync(join(tmpdir(), 'prices-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileWith(content: unknown): string {
  const path = join(folder, `${(files += 1)}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
const ROW = {
  provider: 'openai',
  model: 'm',
  from: '2026-01-01',
  usd_per_million: { input: 0.07, output: 1.1 },
};
const rows = (...given: object[]) => ({ rows: given.map((more) => ({ ...ROW, ...more })) });

test('the shipped table knows every model that is asked by default, and what it costs', () => {
  const table = readPrices(undefined);
  const now = Date.parse('2026-11-22');
  const spent = { input_tokens: 1_000_000, output_tokens: 1_000_000 };
  const costs = [
    ['openai', 'gpt-4.1-mini', 2_000_000_000],
    ['openai', 'gpt-3.5-turbo', 2_000_000_000],
    ['openai', 'text-embedding-3-small', 20_000_000],
    ['anthropic', 'claude-haiku-5-5', 3_000_000_000],
  ] as const;
  for (const [provider, model, cost] of costs) {
    const row = priceAt(table, { provider, model }, now);
    assert.ok(row, model);
    assert.equal(costOf(row, spent), cost, model);
  }
});

test('prices become whole nano-dollars per token; caches cost what input costs where nothing else is said', () => {
  const [row] = readPrices(fileWith(rows({})));
  const expected = { input: 70, cachedInput: 70, cacheWrite: 70, cacheWriteLong: 70, output: 1_100 };
  assert.deepEqual(row?.rates, expected);
});

const WRONG: [name: string, content: unknown, words: RegExp][] = [
  ['no JSON', '{', /it is not JSON/],
  ['no rows', {}, /rows: /],
  ['an unknown provider', rows({}, { provider: 'acme' }), /row 2 provider: /],
  ['a day that is none', rows({ from: '2026-13-01' }), /row 1 from: must be a day/],
  ['a negative price', rows({ usd_per_million: { input: -1, output: 0 } }), /row 1 usd_per_million input: /],
  [
    'a price finer than a nano-dollar per token',
    rows({ usd_per_million: { input: 0.0001, output: 0 } }),
    /row 1 usd_per_million input: must have at most three decimals/,
  ],
  ['a misspelt member', rows({ usd_per_million: { input: 1, output: 1, cachedInput: 1 } }), /cachedInput/],
  ['two rows of one model and day', rows({}, {}), /rows: no two rows/],
];
for (const [name, content, words] of WRONG) {
  test(`a table with ${name} is refused, naming row and rule`, () => {
    const isSo = (error: unknown): boolean =>
      error instanceof StartupError && error.failure.code === 'invalid_prices' && words.test(error.message);
    assert.throws(() => readPrices(fileWith(content)), isSo);
  });
}

test('a table that is not there is refused, naming its path', () => {
  assert.throws(() => readPrices(join(folder, 'none.json')), /none\.json is wrong: it cannot be read/);
});
