import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { StartupError } from '@troupe/shared';
import { readConfig } from './config.ts';

const refusal = (env: Record<string, string>): StartupError => {
  try {
    readConfig(env);
  } catch (error) {
    assert.ok(error instanceof StartupError);
    return error;
  }
  return assert.fail('the configuration was accepted');
};

test('one key is all that has to be set', () => {
  const config = readConfig({ OPENAI_API_KEY: 'sk-1' });
  assert.deepEqual(config.targets.chain, [
    { provider: 'openai', model: 'gpt-4.1-mini' },
    { provider: 'openai', model: 'gpt-3.5-turbo' },
  ]);
  assert.deepEqual(
    [config.AGENT_LLM_TIMEOUT_SECONDS, config.AGENT_HTTP_MAX_RETRIES, config.AGENT_HTTP_BASE_BACKOFF_SECONDS],
    [5, 3, 0.2],
  );
  assert.deepEqual([config.AGENT_LLM_CONCURRENCY, config.OPENAI_BASE_URL], [64, 'https://api.openai.com/v1']);
});

test('without any key the process does not start, and says which variables there are', () => {
  const { failure } = refusal({});
  assert.equal(failure.code, 'no_provider_key');
  assert.match(failure.message, /OPENAI_API_KEY.*ANTHROPIC_API_KEY/);
});

test('a key can come from a file, without its line end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-config-'));
  try {
    const file = join(folder, 'key');
    await writeFile(file, 'sk-from-file\n');
    assert.equal(readConfig({ ANTHROPIC_API_KEY_FILE: file }).ANTHROPIC_API_KEY, 'sk-from-file');
    const both = refusal({ ANTHROPIC_API_KEY_FILE: file, ANTHROPIC_API_KEY: 'sk-2' });
    assert.match(
      both.failure.message,
      /^ANTHROPIC_API_KEY_FILE: must not be set beside ANTHROPIC_API_KEY\.$/,
    );
    assert.doesNotMatch(both.message, /sk-2|sk-from-file/);
    await writeFile(file, 'sk-two words\n');
    const spaced = refusal({ ANTHROPIC_API_KEY_FILE: file });
    assert.match(spaced.failure.message, /^ANTHROPIC_API_KEY_FILE: its content must be visible ASCII/);
    assert.doesNotMatch(spaced.message, /two words/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a key file that cannot be read is named by its variable, beside everything else that is wrong', () => {
  const { failure, message } = refusal({
    OPENAI_API_KEY_FILE: '/nowhere/key',
    AGENT_HTTP_MAX_RETRIES: '0',
    AGENT_HTTP_BASE_BACKOFF_SECONDS: '0.04',
  });
  assert.equal(failure.code, 'invalid_configuration');
  assert.equal(
    failure.message,
    'OPENAI_API_KEY_FILE: must be the path of a file that can be read, is not empty and holds the secret; ' +
      'AGENT_HTTP_MAX_RETRIES: must be a whole number from 1 to 10; ' +
      'AGENT_HTTP_BASE_BACKOFF_SECONDS: must be a number from 0.05 to 5.',
  );
  assert.match(failure.hint, /\(AGENT_HTTP_MAX_RETRIES 3, AGENT_HTTP_BASE_BACKOFF_SECONDS 0\.2\)/);
  assert.doesNotMatch(message, /nowhere/);
});

test('a wrong value is named by its variable and rule, and a key is never printed', () => {
  const { failure, message } = refusal({
    OPENAI_API_KEY: 'sk-with a space',
    AGENT_LLM_TIMEOUT_SECONDS: '31',
    AGENT_PRIMARY_MODEL: 'no model',
    ANTHROPIC_BASE_URL: 'ftp://somewhere',
  });
  assert.equal(failure.code, 'invalid_configuration');
  for (const name of [
    'OPENAI_API_KEY',
    'AGENT_LLM_TIMEOUT_SECONDS',
    'AGENT_PRIMARY_MODEL',
    'ANTHROPIC_BASE_URL',
  ])
    assert.match(failure.message, new RegExp(name));
  assert.doesNotMatch(message, /sk-with/);
});

test('the embedding model follows from the key unless it is named, and a model without its key is refused', () => {
  const openai = { OPENAI_API_KEY: 'sk-1' };
  assert.equal(readConfig(openai).embeddingModel, 'text-embedding-3-small');
  assert.equal(readConfig({ ANTHROPIC_API_KEY: 'sk-2' }).embeddingModel, 'lexical-384');
  assert.equal(readConfig({ ...openai, AGENT_EMBEDDING_MODEL: 'lexical-384' }).embeddingModel, 'lexical-384');
  const { failure } = refusal({ ANTHROPIC_API_KEY: 'sk-2', AGENT_EMBEDDING_MODEL: 'text-embedding-3-small' });
  assert.match(failure.message, /^AGENT_EMBEDDING_MODEL: /);
});
