import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Waiting } from './fair-queue.ts';
import { FairQueue } from './fair-queue.ts';

let calls = 0;
const waiting = (user: string, tokens = 100, startBy = 0): Waiting<number> => ({
  user,
  tokens,
  startBy,
  call: (calls += 1),
});
const queueOf = (...entries: Waiting<number>[]): FairQueue<number> => {
  const queue = new FairQueue<number>();
  for (const entry of entries) queue.add(entry);
  return queue;
};
const drained = (queue: FairQueue<number>): Waiting<number>[] => {
  const given: Waiting<number>[] = [];
  for (let entry = queue.next(); entry !== undefined; entry = queue.next()) given.push(entry);
  return given;
};
const usersOf = (entries: readonly Waiting<number>[]): string => entries.map(({ user }) => user).join('');

test('users take turns by tokens, however many calls each has waiting', () => {
  const ofA = Array.from({ length: 6 }, () => waiting('a'));
  assert.equal(usersOf(drained(queueOf(...ofA, waiting('b'), waiting('b')))), 'ababaaaa');
  const large = [waiting('a', 300), waiting('a', 300)];
  const small = Array.from({ length: 6 }, () => waiting('b', 100));
  assert.equal(usersOf(drained(queueOf(...large, ...small))), 'abbbabbb');
});

test('of one user’s calls the one that has to begin first comes first, and of equals the one that came first', () => {
  const [late, soon, sooner, soonToo] = [3, 2, 1, 2].map((startBy) => waiting('a', 100, startBy));
  assert.deepEqual(drained(queueOf(late!, soon!, sooner!, soonToo!)), [sooner, soon, soonToo, late]);
});

test('a user who was idle has saved up nothing', () => {
  const queue = queueOf(...Array.from({ length: 20 }, () => waiting('a')));
  for (let i = 0; i < 10; i += 1) queue.over(queue.next()!);
  for (let i = 0; i < 10; i += 1) queue.add(waiting('b'));
  for (let a = 0, b = 0; queue.size > 0; ) {
    const next = queue.next()!;
    queue.over(next);
    if (next.user === 'a') a += 1;
    else b += 1;
    assert.ok(Math.abs(a - b) <= 2, `${a} of a, ${b} of b`);
  }
});

test('a user who comes does not wait until the others’ calls turn out smaller than they were thought', () => {
  const queue = new FairQueue<number>();
  for (let i = 0; i < 100; i += 1) queue.add(waiting('a', 1_000));
  const running = [queue.next()!, queue.next()!, queue.next()!, queue.next()!];
  queue.add(waiting('b', 1_000));
  queue.over(running[0]!, 20);
  assert.equal(queue.next()?.user, 'b');
});

test('going and coming back forgives nothing either', () => {
  const queue = queueOf(waiting('a', 1_000), waiting('b', 100), waiting('b', 100));
  assert.equal(usersOf([queue.next()!, queue.next()!]), 'ab');
  queue.add(waiting('a', 100));
  queue.add(waiting('b', 100));
  assert.equal(usersOf(drained(queue)), 'bba');
});

test('a call that used less or more than it was charged is corrected when it is over', () => {
  const first = waiting('a', 1_000);
  const queue = queueOf(first, ...['a', 'a', 'b', 'b'].map((user) => waiting(user, 100)));
  assert.equal(queue.next(), first);
  queue.over(first, 50);
  assert.equal(usersOf(drained(queue)), 'baba');
});

test('a call that is taken out is never given out, and costs its user nothing', () => {
  const gone = waiting('a', 5_000);
  const queue = queueOf(gone, waiting('a'), waiting('b'));
  queue.remove(gone);
  queue.remove(gone);
  assert.equal(queue.size, 2);
  assert.equal(usersOf(drained(queue)), 'ab');
});

test('users who are idle and owe nothing are forgotten', () => {
  const queue = new FairQueue<number>();
  for (let i = 0; i < 10_000; i += 1) {
    queue.add(waiting(`user-${i}`));
    queue.over(queue.next()!);
  }
  assert.ok(queue.accounts < 1_000, `${queue.accounts} accounts`);
});

const users = fc.constantFrom('a', 'b', 'c', 'd');
const entries = fc.array(fc.tuple(users, fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 9 })), {
  maxLength: 80,
});

test('every call is given out exactly once, in the order of its user’s times', () => {
  fc.assert(
    fc.property(entries, (tuples) => {
      const all = tuples.map(([user, tokens, startBy]) => waiting(user, tokens, startBy));
      const given = drained(queueOf(...all));
      assert.deepEqual(new Set(given), new Set(all));
      assert.equal(given.length, all.length);
      for (const user of ['a', 'b', 'c', 'd']) {
        const times = given.filter((entry) => entry.user === user).map(({ startBy }) => startBy);
        assert.deepEqual(
          times,
          times.toSorted((one, other) => one - other),
        );
      }
    }),
  );
});

test('the number of calls ahead is what it turns out to be, give or take one call per user', () => {
  fc.assert(
    fc.property(fc.array(users, { maxLength: 60 }), users, fc.nat(9), (waitingUsers, user, startBy) => {
      const queue = queueOf(...waitingUsers.map((other) => waiting(other, 100, 5)));
      const ahead = queue.ahead(user, startBy);
      const newcomer = waiting(user, 100, startBy);
      queue.add(newcomer);
      const actual = drained(queue).indexOf(newcomer);
      assert.ok(Math.abs(ahead - actual) <= 4, `expected ${ahead}, was ${actual}`);
    }),
  );
});
