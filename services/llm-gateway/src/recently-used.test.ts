import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentlyUsed } from './recently-used.ts';

test('what was not used for longest is forgotten first', () => {
  const memory = new RecentlyUsed<string, number>(3);
  for (const [i, key] of ['a', 'b', 'c'].entries()) memory.put(key, i, 1);
  assert.equal(memory.get('a'), 0);
  memory.put('d', 3, 1);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => memory.get(key)),
    [0, undefined, 2, 3],
  );
});

test('the bound holds for the sum of the weights', () => {
  const memory = new RecentlyUsed<string, string>(10);
  memory.put('light', 'l', 4);
  memory.put('heavy', 'h', 7);
  assert.deepEqual([memory.get('light'), memory.get('heavy')], [undefined, 'h']);
  memory.put('too heavy', 't', 11);
  assert.deepEqual([memory.get('heavy'), memory.get('too heavy')], [undefined, undefined]);
});

test('what is put again or taken weighs no more', () => {
  const memory = new RecentlyUsed<string, string>(10);
  for (let i = 0; i < 5; i += 1) memory.put('same', 's', 6);
  memory.put('other', 'o', 4);
  assert.deepEqual([memory.take('same'), memory.take('same')], ['s', undefined]);
  memory.put('third', 't', 6);
  assert.equal(memory.get('other'), 'o');
});
