import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Slots } from './slots.ts';

const never = new AbortController().signal;

test('No more work goes on at once than there are places, and all of it is done in its order.', async () => {
  const slots = new Slots(2);
  let at = 0;
  let most = 0;
  const done: number[] = [];
  const work = (number: number) => async () => {
    at += 1;
    most = Math.max(most, at);
    await setImmediate();
    at -= 1;
    done.push(number);
  };
  await Promise.all([1, 2, 3, 4, 5].map((number) => slots.within(never, work(number))));
  assert.deepEqual([most, done], [2, [1, 2, 3, 4, 5]]);
});

test('Who leaves the line gets the reason of the signal, and the place goes to the next.', async () => {
  const slots = new Slots(1);
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const holder = slots.within(never, () => held);
  const leaving = new AbortController();
  const left = slots.within(leaving.signal, () => Promise.resolve('left'));
  const next = slots.within(never, () => Promise.resolve('next'));
  leaving.abort(new Error('no longer'));
  await assert.rejects(left, /no longer/);
  release();
  await holder;
  assert.equal(await next, 'next');
  await assert.rejects(
    slots.within(leaving.signal, () => Promise.resolve()),
    /no longer/,
  );
});

test('Work that fails gives its place back.', async () => {
  const slots = new Slots(1);
  await assert.rejects(
    slots.within(never, () => Promise.reject(new Error('broken'))),
    /broken/,
  );
  assert.equal(await slots.within(never, () => Promise.resolve('fine')), 'fine');
});
