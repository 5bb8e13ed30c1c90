import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { RetryableError } from '@troupe/shared';
import { gatherByKey } from './gather.ts';

test('what comes while a key is being written goes together in the next write, other keys do not wait', async () => {
  const written: string[] = [];
  const gates = new Map<string, () => void>();
  const put = gatherByKey<string, number>({ most: 3, keysAtOnce: 2 }, async (key, items) => {
    written.push(`${key} ${items.join()}`);
    if (!gates.has(key)) await new Promise<void>((resolve) => gates.set(key, resolve));
  });
  const all = [1, 2, 3, 4, 5].map((item) => put('a', item));
  all.push(put('b', 6));
  assert.deepEqual(written, ['a 1', 'b 6']);
  for (const open of gates.values()) open();
  await Promise.all(all);
  assert.deepEqual(written, ['a 1', 'b 6', 'a 2,3,4', 'a 5']);
});

test('one that cannot be written fails alone', async () => {
  const put = gatherByKey<string, number>({ most: 10, keysAtOnce: 1 }, async (_key, items) => {
    await turn();
    if (items.includes(3)) throw new Error('three');
  });
  const settled = await Promise.allSettled([1, 2, 3, 4].map((item) => put('a', item)));
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
});

test('an outage fails what was written together, without a write for each', async () => {
  let writes = 0;
  const put = gatherByKey<string, number>({ most: 10, keysAtOnce: 1 }, async () => {
    writes += 1;
    await turn();
    throw new RetryableError('away', 'Away.');
  });
  const settled = await Promise.allSettled([1, 2, 3, 4].map((item) => put('a', item)));
  assert.ok(settled.every(({ status }) => status === 'rejected'));
  assert.equal(writes, 2);
});

test('everything is written once, in the order of its key, never two writes of a key at once, nor more keys than may be', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c')), async (keys) => {
      const written = new Map<string, number[]>();
      const busy = new Set<string>();
      const put = gatherByKey<string, number>({ most: 4, keysAtOnce: 2 }, async (key, items) => {
        assert.ok(!busy.has(key) && busy.size < 2 && items.length <= 4);
        busy.add(key);
        await turn();
        busy.delete(key);
        written.set(key, [...(written.get(key) ?? []), ...items]);
      });
      await Promise.all(keys.map((key, i) => put(key, i)));
      for (const key of ['a', 'b', 'c']) {
        const expected = keys.flatMap((other, i) => (other === key ? [i] : []));
        assert.deepEqual(written.get(key) ?? [], expected);
      }
    }),
    { numRuns: 30 },
  );
});
