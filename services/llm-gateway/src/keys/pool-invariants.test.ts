// What is true of a pool of keys whatever happens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import type { FaultClass } from '../rules/classify.ts';
import { A, B, C, HOUR, KeyWorld, nameOf } from '../test-support/key-world.ts';
import type { KeyInUse } from './keys.ts';

test('whatever is written down of keys in use shows no secret', () => {
  const world = new KeyWorld(A, B, C);
  using used = world.take(A);
  const choice = world.choose();
  const shown = [
    A,
    world.pool,
    world,
    used,
    choice,
    world.pool.states(),
    { error: new Error('x', { cause: used }) },
  ].map(
    (object) => inspect(object, { depth: 20, showHidden: true, showProxy: true }) + JSON.stringify(object),
  );
  for (const { secret } of [A, B, C]) assert.ok(!shown.join().includes(secret));
});

test('whatever becomes of calls, a key that may be used is found, and its calls are counted off', () => {
  const fault = fc.constantFrom<FaultClass | 'good'>(
    'good',
    'unauthorized',
    'quota_exhausted',
    'rate_limited',
    'forbidden',
    'cut',
  );
  const step = fc.record({
    fault,
    model: fc.constantFrom('m', 'n'),
    passMs: fc.nat({ max: HOUR }),
    replace: fc.subarray([A, B, C]),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new KeyWorld(A, B, C);
      const inUse: KeyInUse[] = [];
      for (const { fault: outcome, model, passMs, replace } of steps) {
        const choice = world.choose(model);
        if (choice.kind === 'key') {
          inUse.push(choice.key);
          choice.key.report(outcome === 'good' ? 'good' : { fault: outcome, retryAfterMs: undefined });
        } else if (choice.retryAfterMs !== undefined) {
          assert.ok(choice.retryAfterMs > 0 && choice.retryAfterMs <= HOUR);
        }
        world.now += passMs;
        if (passMs % 5 === 0) world.pool.replace(replace);
        if (passMs % 3 === 0) inUse.pop()?.[Symbol.dispose]();
      }
      for (const used of inUse) used[Symbol.dispose]();
      world.now += HOUR;
      const choice = world.choose();
      assert.equal(choice.kind, 'key');
      choice.key[Symbol.dispose]();
      world.pool.replace([B]);
      assert.deepEqual(
        world.pool.states().map(({ id }) => nameOf(id)),
        ['b'],
      );
    }),
  );
});
