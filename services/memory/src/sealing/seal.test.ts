import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserId, WorkflowId } from '@troupe/contracts';
import { randomKey } from '../test-support/keys.ts';
import { keyedName, open, seal } from './seal.ts';
import { createUserSeal } from './user-seal.ts';

const place = fc.array(fc.string(), { maxLength: 4 });
const key = randomKey();

test('what is sealed is opened with its key at its place, as it was', () => {
  fc.assert(
    fc.property(fc.uint8Array(), place, (plain, at) => {
      assert.deepEqual(open(key, seal(key, plain, at), at), Buffer.from(plain));
    }),
  );
});

test('another key, another place or a changed byte opens nothing', () => {
  fc.assert(
    fc.property(fc.string(), place, place, fc.nat(), (text, at, elsewhere, n) => {
      const sealed = seal(key, Buffer.from(text), at);
      assert.equal(open(randomKey(), sealed, at), undefined);
      if (JSON.stringify(at) !== JSON.stringify(elsewhere))
        assert.equal(open(key, sealed, elsewhere), undefined);
      const changed = Buffer.from(sealed, 'base64');
      changed[n % changed.length] = (changed[n % changed.length] ?? 0) ^ 1;
      assert.equal(open(key, changed.toString('base64'), at), undefined);
    }),
  );
  for (const torn of ['', 'AA', 'not base64']) assert.equal(open(key, torn, []), undefined);
});

test('the same text sealed twice does not look the same', () => {
  assert.notEqual(seal(key, Buffer.from('tea'), []), seal(key, Buffer.from('tea'), []));
});

test('names differ with the key, with every part, and with where one part ends', () => {
  assert.equal(keyedName(key, ['a', 'b']), keyedName(key, ['a', 'b']));
  const names = [['a', 'b'], ['ab'], ['a', 'b', ''], ['b', 'a']].map((parts) => keyedName(key, parts));
  names.push(keyedName(randomKey(), ['a', 'b']));
  assert.equal(new Set(names).size, names.length);
});

test('users have other names for the same texts, and open nothing of each other, even with one data key', () => {
  const [ann, bob] = ['ann', 'bob'].map((id) => createUserSeal(UserId.parse(id), key));
  assert.ok(ann !== undefined && bob !== undefined);
  const tea = { workflow: WorkflowId.parse('wf_1'), text: 'tea' };
  const at = { id: ann.record(tea), workflow: ann.workflow(tea.workflow) };
  const sealed = ann.seal(at, 'tea');
  assert.equal(ann.open(at, sealed), 'tea');
  assert.equal(ann.open({ ...at, workflow: 'other' }, sealed), undefined);
  assert.equal(ann.open({ ...at, id: 'other' }, sealed), undefined);
  assert.equal(bob.open(at, sealed), undefined);
  assert.notEqual(ann.collection('current'), bob.collection('current'));
  const strange = createUserSeal(UserId.parse('ann'), randomKey());
  assert.notEqual(strange.record(tea), at.id);
  assert.equal(strange.open(at, sealed), undefined);
});

test('no two pairs of run and text have one name, and every name of a collection is one that Chroma takes', () => {
  const own = createUserSeal(UserId.parse('ann'), key);
  const pair = fc.record({
    workflow: fc.stringMatching(/^[A-Za-z0-9_-]{1,3}$/).map((id) => WorkflowId.parse(id)),
    text: fc.string(),
  });
  fc.assert(
    fc.property(pair, pair, (a, b) => {
      assert.equal(own.record(a) === own.record(b), a.workflow === b.workflow && a.text === b.text);
    }),
  );
  const names = (['current', 'next'] as const).map((slot) => own.collection(slot));
  assert.notEqual(names[0], names[1]);
  for (const name of names) assert.match(name, /^memory_[0-9a-f]{32}$/);
});
