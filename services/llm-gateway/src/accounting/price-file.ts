// The price table as a file: the one that is shipped, or one that an operator keeps. It is read and checked once, at start.
import { readFileSync } from 'node:fs';
import { StartupError } from '@troupe/shared';
import { z } from 'zod';
import type { PriceTable, Rates } from './prices.ts';

const SHIPPED = new URL('../../prices.json', import.meta.url);
/** In the unit of the file: with it every sum is exact (prices.ts). */
const HIGHEST = 1_000;
const NANO_USD_PER_TOKEN = 1_000;

const usdPerMillion = z
  .number()
  .min(0)
  .max(HIGHEST)
  .refine(
    (usd) => Math.abs(usd * NANO_USD_PER_TOKEN - Math.round(usd * NANO_USD_PER_TOKEN)) < 1e-6,
    'must have at most three decimals',
  )
  .transform((usd) => Math.round(usd * NANO_USD_PER_TOKEN));

const Prices = z
  .strictObject({
    input: usdPerMillion,
    cached_input: usdPerMillion.optional(),
    cache_write: usdPerMillion.optional(),
    cache_write_long: usdPerMillion.optional(),
    output: usdPerMillion,
  })
  .transform(
    ({ input, cached_input, cache_write = input, cache_write_long, output }): Rates => ({
      input,
      cachedInput: cached_input ?? input,
      cacheWrite: cache_write,
      cacheWriteLong: cache_write_long ?? cache_write,
      output,
    }),
  );

const Row = z.strictObject({
  provider: z.enum(['openai', 'anthropic']),
  model: z.string().regex(/^[\w.:/-]{1,128}\*?$/, 'must be the name of a model, or its beginning and a *'),
  from: z.iso.date('must be a day, as YYYY-MM-DD'),
  usd_per_million: Prices,
  above: z.strictObject({ input_tokens: z.int().positive(), usd_per_million: Prices }).optional(),
});

const File = z.strictObject({
  source: z.string().optional(),
  rows: z
    .array(Row)
    .refine(
      (rows) => new Set(rows.map((row) => `${row.provider} ${row.model} ${row.from}`)).size === rows.length,
      'no two rows may be of the same provider, model and day',
    ),
});

/** The table in `path`, by default the shipped one. Throws StartupError `invalid_prices` naming file, row and rule. */
export function readPrices(path: string | undefined): PriceTable {
  const file = path ?? SHIPPED;
  const parsed = File.safeParse(jsonIn(file));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path: at, message }) => `${placeOf(at)}: ${message}`);
    throw invalid(file, problems.join('; '));
  }
  return parsed.data.rows.map(({ usd_per_million: rates, above, ...row }) => ({
    ...row,
    rates,
    above: above && { inputTokens: above.input_tokens, rates: above.usd_per_million },
  }));
}

function jsonIn(file: string | URL): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw invalid(file, 'it cannot be read');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(file, 'it is not JSON');
  }
}

/** Rows are counted as people count them. */
const placeOf = ([top, row, ...rest]: readonly PropertyKey[]): string => {
  if (top === undefined) return 'the file';
  if (typeof row !== 'number') return String(top);
  return [`row ${row + 1}`, ...rest.map(String)].join(' ');
};

const invalid = (file: string | URL, problem: string): StartupError =>
  new StartupError({
    code: 'invalid_prices',
    message: `The price table ${file instanceof URL ? file.pathname : file} is wrong: ${problem}.`,
    hint: 'Correct the file that AGENT_PRICES_FILE names, or unset the variable to take the prices that are shipped.',
  });
