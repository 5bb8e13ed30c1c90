// Configuration is read once and told plainly when it is wrong, without telling what was in it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { flag, integerBetween, kernelSettings, numberBetween, readSettings } from './config.ts';
import { StartupError } from './errors.ts';

const shape = {
  ...kernelSettings,
  COUNT: integerBetween(1, 10, 3),
  RATIO: numberBetween(0, 1, 0.5),
  ON: flag(true),
  OFF: flag(false),
  KEY: z.string().min(20).optional(),
};

test('what is absent or empty takes its default', () => {
  const numbers = { COUNT: 3, RATIO: 0.5 };
  const switches = { ON: true, OFF: false };
  const kernel = { LOG_LEVEL: 'info', NATS_URL: 'nats://127.0.0.1:4222' };
  const expected = { ...kernel, ...numbers, ...switches, KEY: undefined };
  assert.deepEqual(readSettings(shape, {}), expected);
  assert.deepEqual(readSettings(shape, { COUNT: '', ON: '', NATS_URL: '', KEY: '' }), expected);
});

test('numbers and switches are read as such', () => {
  const read = readSettings(shape, { COUNT: '10', RATIO: '0', ON: 'off', OFF: 'yes' });
  assert.deepEqual([read.COUNT, read.RATIO, read.ON, read.OFF], [10, 0, false, true]);
  for (const [text, value] of Object.entries({
    true: true,
    on: true,
    1: true,
    no: false,
    0: false,
    false: false,
  }))
    assert.equal(readSettings(shape, { ON: text }).ON, value);
});

test('every wrong variable is named with its rule; no value is told', () => {
  const env = {
    COUNT: '11',
    RATIO: 'half-secret',
    ON: 'maybe-secret',
    KEY: 'short-secret',
    LOG_LEVEL: 'loud-secret',
  };
  assert.throws(
    () => readSettings(shape, env),
    (error: unknown) => {
      assert.ok(error instanceof StartupError);
      assert.equal(error.failure.code, 'invalid_configuration');
      for (const name of Object.keys(env)) assert.ok(error.message.includes(name), name);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});

test('variables that nobody asked for are ignored', () => {
  assert.ok(!('HOME' in readSettings(shape, { HOME: '/root' })));
});
