import assert from 'node:assert/strict';
import { test } from 'node:test';
import { updated, usageIn } from './anthropic-usage.ts';
import { estimatedUsage, usageOf } from './usage.ts';

test('what a provider does not tell, or tells as null or nothing, is absent', () => {
  assert.deepEqual(usageOf({ input: 10, output: 2, cached: 0, written: null, reasoning: undefined }), {
    input_tokens: 10,
    output_tokens: 2,
  });
});

test('Anthropic’s input is what was neither read from the cache nor written to it: the sum is ours', () => {
  const counts = {
    input_tokens: 10,
    cache_read_input_tokens: 200,
    cache_creation_input_tokens: 50,
    cache_creation: { ephemeral_1h_input_tokens: 30 },
    output_tokens: 9,
    output_tokens_details: { thinking_tokens: 4 },
  };
  assert.deepEqual(usageIn(counts), {
    input_tokens: 260,
    output_tokens: 9,
    cached_input_tokens: 200,
    cache_write_tokens: 50,
    cache_write_long_tokens: 30,
    reasoning_tokens: 4,
  });
});

test('Anthropic’s later counts replace earlier ones, and null keeps them', () => {
  const start = { input_tokens: 10, cache_creation_input_tokens: 5, output_tokens: 1 };
  const end = updated(start, { input_tokens: null, cache_creation_input_tokens: 25, output_tokens: 7 });
  assert.deepEqual(usageIn(end), { input_tokens: 35, output_tokens: 7, cache_write_tokens: 25 });
  assert.equal(usageIn({ input_tokens: 3 }), undefined);
});

test('an estimate grows with what was asked and with what was written', () => {
  const request = (text: string) => ({
    messages: [{ role: 'user' as const, text }],
    tools: [],
    toolChoice: 'auto' as const,
    outputSchema: undefined,
    maxTokens: 10,
  });
  const short = estimatedUsage(request('a'), 4);
  const long = estimatedUsage(request('a'.repeat(401)), 40);
  assert.equal(long.input_tokens - short.input_tokens, 100);
  assert.deepEqual([short.output_tokens, long.output_tokens], [1, 10]);
});
