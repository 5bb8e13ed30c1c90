// Configuration is read once and told plainly when it is wrong, without telling what was in it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import {
  flag,
  integerBetween,
  kernelSettings,
  numberBetween,
  readSettings,
  secret,
  secretFile,
} from './config.ts';
import { StartupError } from './errors.ts';

const shape = {
  LOG_LEVEL: kernelSettings.LOG_LEVEL,
  NATS_URL: kernelSettings.NATS_URL,
  COUNT: integerBetween(1, 10, 3),
  RATIO: numberBetween(0, 1, 0.5),
  ON: flag(true),
  OFF: flag(false),
  KEY: z.string().min(20).optional(),
};

test('what is absent or empty takes its default', () => {
  const kernel = { LOG_LEVEL: 'info', NATS_URL: 'nats://127.0.0.1:4222' };
  const expected = { ...kernel, COUNT: 3, RATIO: 0.5, ON: true, OFF: false, KEY: undefined };
  assert.deepEqual(readSettings(shape, {}), expected);
  assert.deepEqual(readSettings(shape, { COUNT: '', ON: '', NATS_URL: '', KEY: '' }), expected);
});

test('every service shares the same address, level and metrics settings', () => {
  const { APP_ENV, AGENT_METRICS_PORT, AGENT_METRICS_HOST } = readSettings(kernelSettings, {});
  assert.deepEqual([APP_ENV, AGENT_METRICS_PORT, AGENT_METRICS_HOST], ['development', 9_100, '127.0.0.1']);
});

test('a number is plain decimal digits within its range, and nothing else', () => {
  for (const [name, texts] of Object.entries({
    COUNT: ['0', '11', '1.5', ' 3', '0x3', '1e0', '-1', 'Infinity', 'NaN'],
    RATIO: ['1.1', '-0.1', '1e-3', '0,5', 'half', '.'],
  }))
    for (const text of texts)
      assert.throws(() => readSettings(shape, { [name]: text }), StartupError, `${name}=${text}`);
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

const refusal = (env: Record<string, string>, of: z.ZodRawShape): StartupError => {
  try {
    readSettings(of, env);
  } catch (error) {
    assert.ok(error instanceof StartupError);
    return error;
  }
  return assert.fail('the settings were accepted');
};

test('a wrong value is told with its rule in words and the default that it could take', () => {
  const { failure } = refusal({ COUNT: '11', KEY: 'short' }, { COUNT: shape.COUNT });
  assert.equal(failure.message, 'COUNT: must be a whole number from 1 to 10.');
  assert.equal(failure.hint, 'Correct the variable, or unset it to take its default (COUNT 3).');
});

const keys = { TOKEN: secret(), TOKEN_FILE: secretFile(), COUNT: shape.COUNT };

test('a secret may stand in a file, without its line end, but not in both places', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-config-'));
  try {
    const file = join(folder, 'token');
    await writeFile(file, 'hidden-token\n');
    assert.equal(readSettings(keys, { TOKEN_FILE: file }).TOKEN, 'hidden-token');
    const both = refusal({ TOKEN_FILE: file, TOKEN: 'hidden-too' }, keys);
    assert.equal(both.failure.message, 'TOKEN_FILE: must not be set beside TOKEN.');
    await writeFile(file, 'hidden token');
    const wrong = refusal({ TOKEN_FILE: file }, keys);
    assert.equal(wrong.failure.message, 'TOKEN_FILE: its content must be visible ASCII without spaces.');
    assert.doesNotMatch(wrong.message, /hidden/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a secret file that is missing or empty is named beside every other wrong variable', () => {
  for (const file of ['/nowhere/hidden', '/dev/null']) {
    const { failure } = refusal({ TOKEN_FILE: file, COUNT: '99' }, keys);
    assert.match(
      failure.message,
      /^TOKEN_FILE: must be the path of a file that can be read, .*; COUNT: must be/,
    );
    assert.doesNotMatch(failure.message, /hidden|null/);
  }
});

/** What a process in `folder` finds in its environment for FROM_FILE and BOTH; the code of the error, if there is one. */
async function readIn(folder: string, env: Record<string, string>): Promise<unknown> {
  const config = fileURLToPath(new URL('config.ts', import.meta.url));
  const script = `import { environment } from '${config}';
    let told;
    try { const { FROM_FILE, BOTH } = environment(); told = [FROM_FILE, BOTH]; }
    catch (error) { told = error.message; }
    console.log(JSON.stringify(told));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module-typescript', '--eval', script],
    { cwd: folder, env },
  );
  return JSON.parse(stdout);
}

test('the file .env is read in development only, and whatever the process has wins over it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-env-'));
  try {
    assert.deepEqual(await readIn(folder, {}), [null, null]);
    await writeFile(join(folder, '.env'), '# a comment\nFROM_FILE="of the file"\nBOTH=of the file\n');
    assert.deepEqual(await readIn(folder, {}), ['of the file', 'of the file']);
    assert.deepEqual(await readIn(folder, { APP_ENV: 'development', BOTH: 'mine' }), ['of the file', 'mine']);
    assert.deepEqual(await readIn(folder, { BOTH: '' }), ['of the file', '']);
    for (const APP_ENV of ['production', 'test', 'prod'])
      assert.deepEqual(await readIn(folder, { APP_ENV, BOTH: 'mine' }), [null, 'mine']);

    await writeFile(join(folder, '.env'), 'BOTH=1\nhidden-secret\n');
    assert.match(String(await readIn(folder, {})), /^invalid_env_file: \.env: line 2 is not NAME=value\. /);
    assert.doesNotMatch(String(await readIn(folder, {})), /hidden/);
    await writeFile(join(folder, '.env'), 'APP_ENV=production\n');
    assert.match(String(await readIn(folder, {})), /APP_ENV cannot be set here/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
