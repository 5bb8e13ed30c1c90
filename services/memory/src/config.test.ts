import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartupError } from '@troupe/shared';
import { readConfig } from './config.ts';

test('an empty environment takes the defaults of a development machine', () => {
  const config = readConfig({});
  assert.equal(config.CHROMA_URL, 'http://127.0.0.1:8000');
  assert.equal(config.AGENT_MEMORY_CONCURRENCY, 32);
  assert.equal(config.AGENT_MEMORY_TIMEOUT_SECONDS, 2);
});

test('an address of Chroma that would be understood only in part is refused by the name of its variable', () => {
  for (const url of [
    'chroma:8000',
    'ftp://chroma',
    'http://key@chroma',
    'http://chroma/api',
    'http://chroma?x=1',
  ]) {
    assert.throws(
      () => readConfig({ CHROMA_URL: url }),
      (error) =>
        error instanceof StartupError &&
        error.failure.code === 'invalid_configuration' &&
        error.failure.message.startsWith('CHROMA_URL: ') &&
        !error.message.includes(url),
    );
  }
});
