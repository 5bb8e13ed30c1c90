import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultClass } from '../rules/classify.ts';
import { A, B, C, HOUR, KeyWorld, nameOf } from '../test-support/key-world.ts';

interface Case {
  readonly fault: FaultClass;
  readonly retryAfterMs?: number;
  readonly model: readonly string[];
  readonly otherModel: readonly string[];
  readonly forMs?: number;
  readonly told: readonly string[];
}
const ALL = ['a', 'b', 'c'];
/** What a fault of key a, whose group b shares, leaves for calls of the same and of another model. */
const CASES: readonly Case[] = [
  { fault: 'unauthorized', model: ['b', 'c'], otherModel: ['b', 'c'], told: ['a revoked'] },
  { fault: 'quota_exhausted', model: ['c'], otherModel: ['c'], forMs: HOUR, told: ['a exhausted'] },
  { fault: 'rate_limited', model: ['c'], otherModel: ALL, forMs: 1_000, told: ['a throttled m'] },
  {
    fault: 'rate_limited',
    retryAfterMs: 90_000,
    model: ['c'],
    otherModel: ALL,
    forMs: 90_000,
    told: ['a throttled m'],
  },
  {
    fault: 'rate_limited',
    retryAfterMs: 5 * HOUR,
    model: ['c'],
    otherModel: ALL,
    forMs: HOUR,
    told: ['a throttled m'],
  },
  { fault: 'forbidden', model: ['b', 'c'], otherModel: ALL, forMs: 600_000, told: ['a masked m'] },
  { fault: 'unknown_model', model: ['b', 'c'], otherModel: ALL, forMs: 600_000, told: ['a masked m'] },
  { fault: 'server_error', model: ALL, otherModel: ALL, told: [] },
  { fault: 'overloaded', model: ALL, otherModel: ALL, told: [] },
  { fault: 'request_rejected', model: ALL, otherModel: ALL, told: [] },
];
for (const { fault, retryAfterMs, model, otherModel, forMs, told } of CASES) {
  test(`${fault}${retryAfterMs === undefined ? '' : ` with ${retryAfterMs} ms`} leaves ${model.join()} for its model and ${otherModel.join()} for others`, () => {
    const world = new KeyWorld(A, B, C);
    world.call(A, fault, retryAfterMs);
    assert.deepEqual([world.usable('m'), world.usable('n'), world.told], [model, otherModel, told]);
    if (forMs === undefined) return;
    world.now += forMs - 1;
    assert.deepEqual(world.usable('m'), model);
    world.now += 1;
    assert.deepEqual(world.usable('m'), ALL);
  });
}

test('a quota that is used up near the end of a month is asked for again when the next one begins', () => {
  const world = new KeyWorld(A, C);
  world.wall = Date.UTC(2026, 11, 31, 23, 50);
  world.call(A, 'quota_exhausted');
  world.now += 600_000 - 1;
  assert.deepEqual(world.usable(), ['c']);
  world.now += 1;
  assert.deepEqual(world.usable(), ['a', 'c']);
});

test('a jump of the wall clock changes no limit that holds', () => {
  const world = new KeyWorld(A, C);
  world.call(A, 'quota_exhausted');
  for (const jump of [-HOUR, 2 * HOUR]) {
    world.wall += jump;
    assert.deepEqual(world.usable(), ['c']);
  }
});

test('two calls in flight that are throttled one after the other leave the longer wait', () => {
  const world = new KeyWorld(A);
  using first = world.take(A);
  using second = world.take(A);
  first.report({ fault: 'rate_limited', retryAfterMs: 20_000 });
  second.report({ fault: 'rate_limited', retryAfterMs: 5_000 });
  assert.deepEqual(world.choose(), { kind: 'none', why: 'throttled', retryAfterMs: 20_000 });
  assert.deepEqual(world.told, ['a throttled m']);
});

test('where no key can be used the answer says why, and when the first one can', () => {
  const throttled = new KeyWorld(A, C);
  throttled.call(A, 'rate_limited', 9_000);
  throttled.call(C, 'quota_exhausted');
  assert.deepEqual(throttled.choose(), { kind: 'none', why: 'throttled', retryAfterMs: 9_000 });
  const masked = new KeyWorld(A);
  masked.call(A, 'forbidden');
  assert.deepEqual(masked.choose(), { kind: 'none', why: 'masked', retryAfterMs: 600_000 });
  const tried = new KeyWorld(A, C);
  assert.deepEqual(tried.choose('m', [A, C]), { kind: 'none', why: 'tried', retryAfterMs: undefined });
});

test('with all keys but one refused that one serves', () => {
  const world = new KeyWorld(A, B, C);
  world.call(A, 'unauthorized');
  world.call(C, 'unauthorized');
  assert.deepEqual(world.usable(), ['b']);
});

test('when every key is refused nobody calls, but one call after each pause tries one of them', () => {
  const world = new KeyWorld(A, C);
  world.call(A, 'unauthorized');
  world.now += 1_000;
  world.call(C, 'unauthorized');
  assert.deepEqual(world.choose(), { kind: 'none', why: 'revoked', retryAfterMs: 59_000 });
  world.now += 59_000;
  using trying = world.take(A);
  assert.equal(world.choose().kind, 'none', 'one at a time');
  trying.report({ fault: 'unauthorized', retryAfterMs: undefined });
  assert.equal(world.choose().kind, 'none');
  world.now += 1_000;
  world.call(C, 'good');
  assert.deepEqual(world.usable(), ['c']);
  assert.deepEqual(world.told, ['a revoked', 'c revoked', 'c active']);
});

test('a key that left the sources gets no new call and is gone with its last one', () => {
  const world = new KeyWorld(A);
  const used = world.take(A);
  world.pool.replace([C]);
  assert.deepEqual([world.usable(), world.told], [['c'], ['c active', 'a draining']]);
  assert.equal(used.secret, A.secret);
  used.report({ fault: 'unauthorized', retryAfterMs: undefined });
  used[Symbol.dispose]();
  used[Symbol.dispose]();
  assert.deepEqual(world.told.slice(2), ['a revoked', 'a gone']);
  assert.deepEqual(
    world.pool.states().map(({ state }) => state),
    ['active'],
  );
});

test('a key that comes back is as new, with its calls still counted', () => {
  const world = new KeyWorld(A, C);
  const used = world.take(A);
  used.report({ fault: 'unauthorized', retryAfterMs: undefined });
  world.pool.replace([C]);
  world.pool.replace([A, C]);
  assert.deepEqual(world.usable(), ['a', 'c']);
  used[Symbol.dispose]();
  assert.deepEqual(world.usable(), ['a', 'c']);
});

test('an empty list of keys takes none away', () => {
  const world = new KeyWorld(A);
  world.pool.replace([]);
  assert.deepEqual(world.usable(), ['a']);
});

test('the states of all keys can be asked for', () => {
  const world = new KeyWorld(A, B, C);
  world.call(A, 'unauthorized');
  world.call(C, 'quota_exhausted');
  const states = world.pool.states().map(({ id, state }) => `${nameOf(id)} ${state}`);
  assert.deepEqual(states, ['a revoked', 'b active', 'c exhausted']);
});
