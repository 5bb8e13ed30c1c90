import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cappedOutput,
  isReasoning,
  limitsOf,
  providerOf,
  takesJsonSchema,
  takesTemperature,
} from './models.ts';

test('names that begin with claude are Anthropic’s, all others are asked at OpenAI’s address', () => {
  assert.deepEqual(['claude-opus-5-5', 'gpt-4.1-mini', 'some-local-model'].map(providerOf), [
    'anthropic',
    'openai',
    'openai',
  ]);
});

test('reasoning models and those of Anthropic take no temperature', () => {
  assert.deepEqual(
    ['o3', 'o4-mini', 'gpt-5-mini', 'gpt-6.1-sol', 'claude-haiku-5-5'].filter(takesTemperature),
    [],
  );
  assert.deepEqual(
    ['gpt-4.1-mini', 'gpt-4o', 'gpt-3.5-turbo'].filter((name) => !takesTemperature(name)),
    [],
  );
});

test('models before gpt-4o take no schema', () => {
  assert.deepEqual(['gpt-3.5-turbo', 'gpt-4', 'gpt-4-turbo'].filter(takesJsonSchema), []);
  assert.deepEqual(
    ['gpt-4o', 'gpt-4.1-mini', 'gpt-5'].filter((name) => !takesJsonSchema(name)),
    [],
  );
});

const LIMITS: readonly (readonly [string, number | undefined, number | undefined])[] = [
  ['gpt-6.1-sol', 1_050_000, 128_000],
  ['gpt-6-luna', 1_050_000, 128_000],
  ['gpt-5.4', 1_050_000, 128_000],
  ['gpt-5.4-mini', 400_000, 128_000],
  ['gpt-5-mini', 400_000, 128_000],
  ['gpt-5-chat-latest', 128_000, 16_384],
  ['gpt-4.1-mini', 1_047_576, 32_768],
  ['gpt-4o-mini', 128_000, 16_384],
  ['gpt-4-turbo', 128_000, 4_096],
  ['gpt-4', 8_192, 8_192],
  ['gpt-3.5-turbo', 16_385, 4_096],
  ['o3', 200_000, 100_000],
  ['claude-opus-5-5', 1_000_000, 128_000],
  ['claude-haiku-5-5', 1_000_000, 128_000],
  ['claude-haiku-4-5', 200_000, 64_000],
  ['some-local-model', undefined, undefined],
];
for (const [model, context, output] of LIMITS) {
  test(`${model} takes ${context ?? 'an unknown number of'} tokens and puts out ${output ?? 'an unknown number'}`, () => {
    assert.deepEqual([limitsOf(model)?.contextTokens, limitsOf(model)?.maxOutputTokens], [context, output]);
  });
}

test('no more output is asked for than a model can give, and of an unknown one what is wanted', () => {
  assert.equal(cappedOutput('gpt-3.5-turbo', 5_000), 4_096);
  assert.equal(cappedOutput('gpt-3.5-turbo', 500), 500);
  assert.equal(cappedOutput('some-local-model', 500_000), 500_000);
});

test('models that think before they speak are known by name', () => {
  assert.deepEqual(
    [
      'o4-mini',
      'gpt-5-mini',
      'gpt-6.1-sol',
      'claude-opus-5-5',
      'gpt-4.1',
      'gpt-5-chat-latest',
      'claude-haiku-4-5',
    ].map(isReasoning),
    [true, true, true, true, false, false, false],
  );
});
