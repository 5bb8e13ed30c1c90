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

test('a master key is read from its variable or its file, and anything but 32 bytes is refused without being told', () => {
  const key = '5a'.repeat(32);
  const config = readConfig({
    AGENT_MEMORY_KEY: key,
    AGENT_MEMORY_KEY_PREVIOUS: Buffer.from(key, 'hex').toString('base64'),
  });
  assert.equal(config.AGENT_MEMORY_KEY?.export().toString('hex'), key);
  assert.ok(config.AGENT_MEMORY_KEY_PREVIOUS?.equals(config.AGENT_MEMORY_KEY));
  assert.throws(
    () => readConfig({ AGENT_MEMORY_KEY: 'canary-canary' }),
    (error) =>
      error instanceof StartupError &&
      error.failure.message === 'AGENT_MEMORY_KEY: must be 32 bytes in base64 or hex.' &&
      !error.message.includes('canary'),
  );
});

test('production demands a master key, development and test do not', () => {
  for (const APP_ENV of ['development', 'test'])
    assert.equal(readConfig({ APP_ENV }).AGENT_MEMORY_KEY, undefined);
  assert.throws(
    () => readConfig({ APP_ENV: 'production' }),
    (error) => error instanceof StartupError && error.failure.code === 'memory_key_missing',
  );
  assert.ok(
    readConfig({ APP_ENV: 'production', AGENT_MEMORY_KEY: '5a'.repeat(32) }).AGENT_MEMORY_KEY !== undefined,
  );
});
