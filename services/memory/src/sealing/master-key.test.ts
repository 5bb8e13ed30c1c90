import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { StartupError } from '@troupe/shared';
import { keyInFile, masterKeyOf } from './master-key.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-key-'));
});
after(() => rm(folder, { recursive: true }));

const bytesOf = (text: string): Buffer | undefined => masterKeyOf(text)?.export();

test('a key is 32 bytes in base64, padded or not, for URLs or not, or in hex', () => {
  const bytes = randomBytes(32);
  for (const encoding of ['base64', 'base64url', 'hex'] as const)
    assert.deepEqual(bytesOf(bytes.toString(encoding)), bytes);
  assert.deepEqual(bytesOf(bytes.toString('hex').toUpperCase()), bytes);
});

test('anything else is no key', () => {
  for (const length of [0, 16, 31, 33, 64]) {
    const bytes = randomBytes(length);
    assert.equal(bytesOf(bytes.toString('base64')), undefined);
    assert.equal(bytesOf(bytes.toString('hex')), undefined);
  }
  assert.equal(bytesOf('a password of forty-three letters, or about'), undefined);
});

test('a key does not show its bytes when it is printed or written as JSON', () => {
  const text = randomBytes(32).toString('hex');
  const config = { AGENT_MEMORY_KEY: masterKeyOf(text) };
  const shown = `${inspect(config, { depth: 9, showHidden: true })}${JSON.stringify(config)}`;
  assert.ok(!shown.includes(text) && !shown.includes(Buffer.from(text, 'hex').toString('base64')));
});

test('all who make the file at once get the same key, one of them made it, and only its owner can read it', async () => {
  const file = join(folder, 'deep', 'memory.key');
  const all = await Promise.all(Array.from({ length: 20 }, () => keyInFile(file)));
  assert.equal(new Set(all.map(({ key }) => key.export().toString('hex'))).size, 1);
  assert.equal(all.filter(({ made }) => made).length, 1);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(folder, 'deep')), ['memory.key']);
  assert.deepEqual(bytesOf((await readFile(file, 'utf8')).trim()), all[0]?.key.export());
});

test('a file that holds no key, or a place where none can be made, ends the start with what to do', async () => {
  const file = join(folder, 'wrong.key');
  await writeFile(file, 'canary');
  for (const place of [file, join(file, 'below', 'memory.key')]) {
    await assert.rejects(
      keyInFile(place),
      (error) =>
        error instanceof StartupError &&
        error.failure.code === 'memory_key_unreadable' &&
        error.failure.hint.includes('openssl rand -base64 32') &&
        !error.message.includes('canary'),
    );
  }
  assert.equal(await readFile(file, 'utf8'), 'canary');
});
