import assert from 'node:assert/strict';
import { test } from 'node:test';
import { providerOf, takesJsonSchema, takesTemperature } from './models.ts';

test('names that begin with claude are Anthropic’s, all others are asked at OpenAI’s address', () => {
  assert.deepEqual(['claude-opus-5-5', 'gpt-4.1-mini', 'some-local-model'].map(providerOf), [
    'anthropic',
    'openai',
    'openai',
  ]);
});

test('reasoning models take no temperature', () => {
  assert.deepEqual(['o3', 'o4-mini', 'gpt-5-mini', 'gpt-6.1-sol'].filter(takesTemperature), []);
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
