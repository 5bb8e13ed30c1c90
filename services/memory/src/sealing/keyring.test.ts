import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { UserId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import type { TestKeys } from '../test-support/keys.ts';
import { randomKey, startKeys } from '../test-support/keys.ts';

let keys: TestKeys;
before(async () => {
  keys = await startKeys();
});
after(() => keys[Symbol.asyncDispose]());

const isSealed = (error: unknown) => error instanceof RetryableError && error.code === 'memory_sealed';
const stored = async () =>
  new Map([...(await keys.entries.read())].map(([name, { value }]) => [name, value]));
const forget = async (): Promise<void> => {
  for (const [name, { revision }] of await keys.entries.read())
    await keys.entries.put(name, undefined, revision, 2_000);
};

test('asking for a user who has no key makes none', async () => {
  assert.equal(await keys.keyring().find(UserId.parse('nobody')), undefined);
  assert.ok(!(await stored()).has('users.nobody'));
});

test('any number of processes that need a user’s first key at once end with one, and every one of them has it', async () => {
  for (let round = 0; round < 10; round += 1) {
    const user = UserId.parse(`first-${round}`);
    const seals = await Promise.all(Array.from({ length: 8 }, () => keys.keyring().need(user)));
    const names = new Set(seals.map((own) => own.record('tea')));
    assert.equal(names.size, 1);
    assert.equal((await keys.keyring().find(user))?.record('tea'), [...names][0]);
  }
});

test('users have keys of their own, and the bucket holds none in clear', async () => {
  const ring = keys.keyring();
  const [ann, bob] = await Promise.all([ring.need(UserId.parse('ann')), ring.need(UserId.parse('bob'))]);
  assert.notEqual(ann.record('tea'), bob.record('tea'));
  // Nonce, 32 bytes of ciphertext, tag.
  for (const value of (await stored()).values()) assert.equal(Buffer.from(value ?? '', 'base64').length, 60);
});

test('an entry that was copied to another user opens nothing', async () => {
  const ring = keys.keyring();
  await ring.need(UserId.parse('dan'));
  const copied = (await stored()).get('users.dan');
  await keys.entries.put('users.eve', copied, 0, 2_000);
  await assert.rejects(ring.find(UserId.parse('eve')), isSealed);
});

test('under a wrong master key nothing is opened, nothing is made and nothing is changed', async () => {
  const fay = UserId.parse('fay');
  await keys.keyring().need(fay);
  const before = await stored();
  const wrong = keys.keyring(randomKey(), randomKey());
  await assert.rejects(wrong.find(fay), isSealed);
  await assert.rejects(wrong.need(fay), isSealed);
  await assert.rejects(wrong.find(UserId.parse('new')), isSealed);
  await assert.rejects(wrong.need(UserId.parse('new')), isSealed);
  assert.deepEqual(await stored(), before);
});

test('a new master key with the old one as previous opens every key, and wraps anew those that it meets', async () => {
  await forget();
  const [old, current] = [randomKey(), randomKey()];
  const [gus, hal] = [UserId.parse('gus'), UserId.parse('hal')];
  const before = await keys.keyring(old).need(gus);
  await keys.keyring(old).need(hal);

  const rotated = await Promise.all([1, 2, 3].map(() => keys.keyring(current, old).find(gus)));
  for (const own of rotated) assert.equal(own?.record('tea'), before.record('tea'));
  assert.equal((await keys.keyring(current).find(gus))?.record('tea'), before.record('tea'));
  await assert.rejects(keys.keyring(current).find(hal), isSealed);
  await assert.rejects(keys.keyring(old).find(gus), isSealed);
});
