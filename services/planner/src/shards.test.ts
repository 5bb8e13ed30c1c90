import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide } from './shards.ts';

/** Who holds each shard, a letter each; `-` is nobody. */
const parse = (holders: string): (string | undefined)[] =>
  Array.from(holders, (holder) => (holder === '-' ? undefined : holder));

type Case = [what: string, members: string, holders: string, me: string, take: number[], release: number[]];
const CASES: Case[] = [
  ['the first planner takes all', '', '--------', 'a', [0, 1, 2, 3, 4, 5, 6, 7], []],
  ['a planner alone keeps all', 'a', 'aaaaaaaa', 'a', [], []],
  ['one that comes waits for what is held', 'a', 'aaaaaaaa', 'b', [], []],
  ['one that has all gives up half', 'ab', 'aaaaaaaa', 'a', [], [4, 5, 6, 7]],
  ['what is free goes to who has less', 'ab', 'aaaa----', 'b', [4, 5, 6, 7], []],
  ['who has its share leaves what is free', 'ab', 'aaaa----', 'a', [], []],
  ['two with even shares keep them', 'ab', 'aabbaabb', 'b', [], []],
  ['a third gets one of each of two', 'abc', 'aaaabbbb', 'a', [], [3]],
  ['who was there keeps more', 'abc', 'aaa-bbb-', 'c', [3, 7], []],
  ['of three, 3 + 3 + 2 is even', 'abc', 'aaabbbcc', 'a', [], []],
  ['free shards are dealt out without a contest (1)', 'abc', 'aaa-----', 'b', [3, 4, 5], []],
  ['free shards are dealt out without a contest (2)', 'abc', 'aaa-----', 'c', [6, 7], []],
  ['of five, one gives up its second for the fifth', 'abcde', 'aabbccdd', 'd', [], [7]],
  ['and only one does', 'abcde', 'aabbccdd', 'c', [], []],
  ['eight have one each', 'abcdefgh', 'abcdefgh', 'h', [], []],
  ['a ninth has none', 'abcdefghi', 'abcdefgh', 'i', [], []],
  ['a ninth stands in for one that dies', 'bcdefghi', '-bcdefgh', 'i', [0], []],
  ['what a leaving planner still holds is left to it', 'b', 'aa--bbbb', 'b', [2, 3], []],
  ['what the dead held is shared', 'ab', 'aaabb---', 'b', [6, 7], []],
];
for (const [what, members, holders, me, take, release] of CASES) {
  test(`shards ${holders} of planners ${members || 'none'}, seen by ${me}: ${what}`, () => {
    assert.deepEqual(decide({ members: Array.from(members), holders: parse(holders), me }), {
      take,
      release,
    });
  });
}

/** Everybody decides from what stands, one after the other, in rounds; gives the number of shards that moved in each round. */
function rounds(members: string[], holders: (string | undefined)[], count: number): number[] {
  return Array.from({ length: count }, () => {
    const decisions = members.map((me) => ({ me, ...decide({ members, holders, me }) }));
    for (const { me, take, release } of decisions) {
      for (const shard of release) holders[shard] = undefined;
      for (const shard of take) {
        assert.equal(holders[shard], undefined, 'two planners reached for one shard');
        holders[shard] = me;
      }
    }
    return decisions.reduce((moved, { take, release }) => moved + take.length + release.length, 0);
  });
}

test('from whatever they hold, planners that are there are even after two rounds, and nothing moves afterwards', () => {
  const planners = fc.uniqueArray(fc.constantFrom(...Array.from('abcdefghij')), { minLength: 1 });
  const holders = fc.array(fc.option(fc.nat(20), { nil: undefined }), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(planners, holders, (members, held) => {
      const now = held.map((i) => (i === undefined ? undefined : members[i]));
      const [, , ...later] = rounds(members, now, 5);
      assert.deepEqual(later, [0, 0, 0]);
      const shares = members.map((member) => now.filter((holder) => holder === member).length);
      assert.equal(
        shares.reduce((a, b) => a + b),
        8,
      );
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
    }),
  );
});

test('no more shards move than must', () => {
  const members = Array.from('abcd');
  const now = parse('aabbccdd');
  assert.deepEqual(
    rounds(
      members.slice(0, 3),
      now.map((h) => (h === 'd' ? undefined : h)),
      2,
    ),
    [2, 0],
  );
  assert.deepEqual(rounds([...members, 'e'], now, 3), [1, 1, 0]);
});
