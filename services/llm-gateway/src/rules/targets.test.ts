import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetSettings } from './targets.ts';
import { planTargets, targetName } from './targets.ts';

const plan = (more: Partial<TargetSettings> = {}) => {
  const { chain, skipped, substituted } = planTargets({
    primary: 'gpt-4.1-mini',
    fallback: 'gpt-3.5-turbo',
    fallbackEnabled: true,
    hasKey: { openai: true, anthropic: true },
    ...more,
  });
  return { chain: chain.map(targetName), skipped: skipped.map(targetName), substituted };
};

test('the primary is asked before the fallback, and the name of a model tells its provider', () => {
  assert.deepEqual(plan({ fallback: 'claude-haiku-5-5' }).chain, [
    'openai/gpt-4.1-mini',
    'anthropic/claude-haiku-5-5',
  ]);
});

test('the fallback can be switched off', () => {
  assert.deepEqual(plan({ fallbackEnabled: false }).chain, ['openai/gpt-4.1-mini']);
});

test('a model that is both primary and fallback is one target', () => {
  assert.deepEqual(plan({ fallback: 'gpt-4.1-mini' }).chain, ['openai/gpt-4.1-mini']);
});

test('a target without a key is skipped, and said to be', () => {
  const onlyOpenAI = { openai: true, anthropic: false };
  assert.deepEqual(plan({ primary: 'claude-opus-5-5', hasKey: onlyOpenAI }), {
    chain: ['openai/gpt-3.5-turbo'],
    skipped: ['anthropic/claude-opus-5-5'],
    substituted: false,
  });
});

test('where no configured model has a key, the default model of the provider with one takes over, and that is said', () => {
  assert.deepEqual(plan({ hasKey: { openai: false, anthropic: true } }), {
    chain: ['anthropic/claude-haiku-5-5'],
    skipped: ['openai/gpt-4.1-mini', 'openai/gpt-3.5-turbo'],
    substituted: true,
  });
});

test('without any key there is no target', () => {
  assert.deepEqual(plan({ hasKey: { openai: false, anthropic: false } }).chain, []);
});
