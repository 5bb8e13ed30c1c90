import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ModelUsage } from '@troupe/contracts';
import type { PriceRow, Rates } from './prices.ts';
import { bucketsOf, costOf, isConsistent, mostOf, priceAt } from './prices.ts';

type FiveRates = readonly [input: number, cached: number, write: number, long: number, output: number];
const rates = (...[input, cachedInput, cacheWrite, cacheWriteLong, output]: FiveRates): Rates => ({
  ...{ input, cachedInput, cacheWrite, cacheWriteLong, output },
});
const row = (more: Partial<PriceRow>): PriceRow => ({
  provider: 'openai',
  model: 'm',
  from: '2026-01-01',
  rates: rates(400, 100, 500, 800, 1_600),
  ...more,
});

const usage = (more: Partial<ModelUsage>): ModelUsage => ({ input_tokens: 0, output_tokens: 0, ...more });

const COSTS: [name: string, used: Partial<ModelUsage>, cost: number][] = [
  ['nothing', {}, 0],
  ['input and output', { input_tokens: 10, output_tokens: 2 }, 4_000 + 3_200],
  ['input that came from the cache, once', { input_tokens: 10, cached_input_tokens: 4 }, 2_400 + 400],
  ['input that went into the cache', { input_tokens: 10, cache_write_tokens: 4 }, 2_400 + 2_000],
  [
    'a write of which a part is kept longer, its remainder at the price of the shorter time',
    { input_tokens: 10, cache_write_tokens: 4, cache_write_long_tokens: 1 },
    2_400 + 3 * 500 + 800,
  ],
  ['reasoning, as the output that it is', { output_tokens: 5, reasoning_tokens: 3 }, 8_000],
];
for (const [name, used, cost] of COSTS) {
  test(`the cost counts ${name}`, () => {
    assert.equal(costOf(row({}), usage(used)), cost);
  });
}

test('a prompt above the threshold costs the higher rates from its first token on, cached ones counted', () => {
  const tiered = row({ above: { inputTokens: 100, rates: rates(800, 200, 0, 0, 2_400) } });
  assert.equal(costOf(tiered, usage({ input_tokens: 100, output_tokens: 1 })), 40_000 + 1_600);
  assert.equal(costOf(tiered, usage({ input_tokens: 101, output_tokens: 1 })), 101 * 800 + 2_400);
  assert.equal(costOf(tiered, usage({ input_tokens: 101, cached_input_tokens: 101 })), 101 * 200);
});

test('what a call may cost counts its prompt as written to the dearest cache, and at the higher rates before its estimate reaches them', () => {
  const writes = row({ rates: rates(400, 100, 500, 800, 1_600) });
  assert.equal(mostOf(writes, usage({ input_tokens: 10, output_tokens: 2 })), 8_000 + 3_200);
  const tiered = row({
    rates: rates(400, 100, 0, 0, 1_600),
    above: { inputTokens: 100, rates: rates(800, 200, 0, 0, 2_400) },
  });
  assert.equal(mostOf(tiered, usage({ input_tokens: 80, output_tokens: 1 })), 80 * 400 + 1_600);
  assert.equal(mostOf(tiered, usage({ input_tokens: 81, output_tokens: 1 })), 81 * 800 + 2_400);
});

test('a price changes at midnight UTC of its first day, not before', () => {
  const table = [row({ from: '2026-10-07' }), row({ from: '2026-01-01' })];
  const at = (time: string) => priceAt(table, { provider: 'openai', model: 'm' }, Date.parse(time))?.from;
  assert.equal(at('2026-10-06T23:59:59.999Z'), '2026-01-01');
  assert.equal(at('2026-10-07T00:00:00.000Z'), '2026-10-07');
  assert.equal(at('2025-12-31T23:59:59.999Z'), undefined);
});

test('a whole name goes before a beginning, a longer beginning before a shorter, though a less precise row is newer', () => {
  const table = [
    row({ model: 'gpt-*', from: '2026-05-01' }),
    row({ model: 'gpt-4.1-mini*', from: '2026-02-01' }),
    row({ model: 'gpt-4.1-mini', from: '2026-01-01' }),
  ];
  const of = (model: string) =>
    priceAt(table, { provider: 'openai', model }, Date.parse('2026-06-01'))?.model;
  assert.equal(of('gpt-4.1-mini'), 'gpt-4.1-mini');
  assert.equal(of('gpt-4.1-mini-2025-04-14'), 'gpt-4.1-mini*');
  assert.equal(of('gpt-5'), 'gpt-*');
});

test('a model without a row, and one of another provider, has no price', () => {
  const at = Date.parse('2026-06-01');
  assert.equal(priceAt([row({})], { provider: 'openai', model: 'mm' }, at), undefined);
  assert.equal(priceAt([row({})], { provider: 'anthropic', model: 'm' }, at), undefined);
});

test('parts that are larger than their whole are told from those that fit', () => {
  assert.ok(isConsistent(usage({ input_tokens: 10, cached_input_tokens: 4, cache_write_tokens: 6 })));
  for (const wrong of [
    { input_tokens: 10, cached_input_tokens: 8, cache_write_tokens: 6 },
    { input_tokens: 10, cache_write_tokens: 2, cache_write_long_tokens: 3 },
    { output_tokens: 1, reasoning_tokens: 2 },
  ])
    assert.ok(!isConsistent(usage(wrong)));
});

const tokens = fc.nat({ max: 300_000_000 });
const anyUsage = fc
  .record({ cached: tokens, short: tokens, long: tokens, fresh: tokens, output: tokens })
  .map(
    ({ cached, short, long, fresh, output }): ModelUsage => ({
      input_tokens: cached + short + long + fresh,
      output_tokens: output,
      cached_input_tokens: cached,
      cache_write_tokens: short + long,
      cache_write_long_tokens: long,
    }),
  );
const anyRates = fc
  .array(fc.nat({ max: 1_000_000 }), { minLength: 5, maxLength: 5 })
  .map(([a = 0, b = 0, c = 0, d = 0, e = 0]) => rates(a, b, c, d, e));

test('every input token stands in exactly one bucket', () => {
  fc.assert(
    fc.property(anyUsage, (used) => {
      const { input, cachedInput, cacheWrite, cacheWriteLong, output } = bucketsOf(used);
      assert.equal(input + cachedInput + cacheWrite + cacheWriteLong, used.input_tokens);
      assert.equal(output, used.output_tokens);
      assert.ok(isConsistent(used));
    }),
  );
});

test('a cost is the exact sum of its parts, as whole numbers that a JavaScript number holds', () => {
  fc.assert(
    fc.property(anyUsage, anyRates, (used, prices) => {
      const buckets = bucketsOf(used);
      const exact = (Object.keys(prices) as (keyof Rates)[]).reduce(
        (sum, name) => sum + BigInt(buckets[name]) * BigInt(prices[name]),
        0n,
      );
      const cost = costOf(row({ rates: prices }), used);
      assert.ok(Number.isSafeInteger(cost));
      assert.equal(BigInt(cost), exact);
    }),
  );
});

test('whoever uses more of one kind of token never pays less', () => {
  fc.assert(
    fc.property(anyUsage, anyRates, fc.nat({ max: 1_000 }), (used, prices, more) => {
      const priced = row({ rates: prices });
      const cost = costOf(priced, used);
      const input = { ...used, input_tokens: used.input_tokens + more };
      assert.ok(costOf(priced, input) >= cost);
      assert.ok(costOf(priced, { ...used, output_tokens: used.output_tokens + more }) >= cost);
    }),
  );
});
