import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { UserId, WorkflowId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import type { TestKeys } from '../test-support/keys.ts';
import { randomKey, startKeys } from '../test-support/keys.ts';

let keys: TestKeys;
before(async () => {
  keys = await startKeys();
});
after(() => keys[Symbol.asyncDispose]());

const TEA = { workflow: WorkflowId.parse('wf_1'), text: 'tea' };
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
    const names = new Set(seals.map((own) => own.record(TEA)));
    assert.equal(names.size, 1);
    assert.equal((await keys.keyring().find(user))?.record(TEA), [...names][0]);
  }
});

test('users have keys of their own, and the bucket holds none in clear', async () => {
  const ring = keys.keyring();
  const [ann, bob] = await Promise.all([ring.need(UserId.parse('ann')), ring.need(UserId.parse('bob'))]);
  assert.notEqual(ann.record(TEA), bob.record(TEA));
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
  for (const own of rotated) assert.equal(own?.record(TEA), before.record(TEA));
  assert.equal((await keys.keyring(current).find(gus))?.record(TEA), before.record(TEA));
  await assert.rejects(keys.keyring(current).find(hal), isSealed);
  await assert.rejects(keys.keyring(old).find(gus), isSealed);
});

test('a key that was destroyed is used by no process, also by one that had it at hand, and the next one is another', async () => {
  await forget();
  const ida = UserId.parse('ida');
  const [here, there] = [keys.keyring(), keys.keyring()];
  const before = await here.need(ida);
  await there.need(ida);
  await here.destroy(ida);
  assert.equal(await there.find(ida), undefined);
  assert.equal(await here.find(ida), undefined);
  assert.notEqual((await there.need(ida)).record(TEA), before.record(TEA));
  await keys.keyring().destroy(UserId.parse('nobody'));
});

test('no wrapping of a key stays on the disk once the key is wrapped anew or destroyed', async () => {
  await forget();
  const [old, current] = [randomKey(), randomKey()];
  const jan = UserId.parse('jan');
  await keys.keyring(old).need(jan);
  const wrappedByOld = (await stored()).get('users.jan') ?? '';
  assert.equal(await keys.diskHolds(wrappedByOld), true);
  const ring = keys.keyring(current, old);
  await ring.find(jan);
  assert.equal(await keys.diskHolds(wrappedByOld), false);
  const wrappedByCurrent = (await stored()).get('users.jan') ?? '';
  await ring.destroy(jan);
  assert.equal(await keys.diskHolds(wrappedByCurrent), false);
});

test('a process that finds an old wrapping which its writer had no time to overwrite does it', async () => {
  await forget();
  const kim = UserId.parse('kim');
  await keys.keyring().need(kim);
  const wrapped = (await keys.entries.read('users.kim')).get('users.kim');
  await keys.entries.put('users.kim', 'an older wrapping', wrapped?.revision ?? 0, 2_000);
  const older = (await keys.entries.read('users.kim')).get('users.kim');
  await keys.entries.put('users.kim', wrapped?.value, older?.revision ?? 0, 2_000);
  await keys.keyring().need(kim);
  assert.equal(await keys.diskHolds('an older wrapping'), false);
});
