import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Held } from './in-hand.ts';
import { InHand } from './in-hand.ts';

const stays = new AbortController().signal;
const lengthOf = (text: string): number => text.length;

/** Conversations of the lengths given that want to be held, all at once. */
function holdAll(inHand: InHand, lengths: readonly number[]) {
  const world = { loading: 0, mostLoading: 0, characters: 0, mostCharacters: 0 };
  const order: number[] = [];
  const holdings = lengths.map(async (length, index): Promise<Held<string>> => {
    const held = await inHand.hold(
      async () => {
        order.push(index);
        world.mostLoading = Math.max(world.mostLoading, (world.loading += 1));
        await turn();
        world.loading -= 1;
        world.mostCharacters = Math.max(world.mostCharacters, (world.characters += length));
        return 'x'.repeat(length);
      },
      lengthOf,
      stays,
    );
    return {
      value: held.value,
      [Symbol.dispose]() {
        world.characters -= length;
        held[Symbol.dispose]();
      },
    };
  });
  return { world, order, holdings };
}

test('whatever is held, the room is exceeded at most by what is loaded at once, and everyone has a turn in order', async () => {
  const lengths = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer({ min: 1, max: 5 }), async (given, loads) => {
      const room = { characters: 100, loads };
      const { world, order, holdings } = holdAll(new InHand(room), given);
      for (const holding of holdings) {
        using held = await holding;
        assert.ok(held.value.length <= 40);
        await turn();
      }
      assert.deepEqual(order, [...given.keys()]);
      assert.ok(world.mostLoading <= loads);
      assert.ok(world.mostCharacters <= room.characters + loads * 40, `${world.mostCharacters}`);
    }),
    { numRuns: 50 },
  );
});

test('a conversation larger than the room is loaded by itself, and the next one when it is given back', async () => {
  const { order, holdings } = holdAll(new InHand({ characters: 10, loads: 1 }), [1_000, 1]);
  const large = await holdings[0]!;
  await turn();
  assert.deepEqual(order, [0]);
  large[Symbol.dispose]();
  large[Symbol.dispose]();
  using small = await holdings[1]!;
  assert.deepEqual([order, small.value], [[0, 1], 'x']);
});

test('who is no longer wanted leaves at once with the reason, and who comes behind does not wait for it', async () => {
  const inHand = new InHand({ characters: 10, loads: 1 });
  const first = await inHand.hold(() => Promise.resolve('x'.repeat(10)), lengthOf, stays);
  const leaving = new AbortController();
  const gone = inHand.hold(() => Promise.reject(new Error('loaded')), lengthOf, leaving.signal);
  const next = inHand.hold(() => Promise.resolve('next'), lengthOf, stays);
  const reason = new Error('no longer wanted');
  leaving.abort(reason);
  await assert.rejects(gone, reason);
  first[Symbol.dispose]();
  assert.equal((await next).value, 'next');
});

test('a conversation that cannot be loaded takes no room', async () => {
  const inHand = new InHand({ characters: 10, loads: 1 });
  const away = new Error('the store is away');
  for (let time = 0; time < 3; time += 1)
    await assert.rejects(
      inHand.hold(() => Promise.reject(away), lengthOf, stays),
      away,
    );
  using held = await inHand.hold(() => Promise.resolve('x'), lengthOf, stays);
  assert.equal(held.value, 'x');
});
