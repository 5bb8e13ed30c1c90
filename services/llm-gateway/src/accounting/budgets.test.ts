import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EventId, UserId, WorkflowId } from '@troupe/contracts';
import type { Operation } from './budgets.ts';
import { applied, Entry, FORGOTTEN_AFTER_MS, inHand, NO_ENTRY, scopesOf } from './budgets.ts';

const call = { user: 'alice' as UserId, workflow: 'w1' as WorkflowId, request: '0'.repeat(32) as EventId };
const NOON = Date.parse('2026-11-22T12:00:00Z');
const NO_LIMITS = { workflow: undefined, userDay: undefined, day: undefined };

const reserve = (id: string, nanoUsd: number, limit = 100, expiresAt = 1_000): Operation => ({
  ...{ kind: 'reserve', id, nanoUsd, limit, expiresAt },
});
const settle = (id: string, nanoUsd: number): Operation => ({ kind: 'settle', id, nanoUsd });
const after = (operations: readonly Operation[], now = 0, entry = NO_ENTRY): Entry =>
  operations.reduce((before, operation) => applied(before, operation, now).entry, entry);

test('a call counts against its run, its user and the day, as far as they have a limit, the narrowest first', () => {
  assert.deepEqual(scopesOf(NO_LIMITS, call, NOON), []);
  const scopes = scopesOf({ workflow: 1, userDay: 2, day: 3 }, call, NOON);
  assert.deepEqual(
    scopes.map(({ key, limit }) => [key, limit]),
    [
      ['workflow.alice.w1', 1],
      ['user-day.alice.2026-11-22', 2],
      ['day.2026-11-22', 3],
    ],
  );
});

test('a day begins and ends at midnight UTC', () => {
  const dayOf = (time: string) => scopesOf({ ...NO_LIMITS, day: 3 }, call, Date.parse(time))[0];
  assert.equal(dayOf('2026-11-22T23:59:59.999Z')?.key, 'day.2026-11-22');
  assert.equal(dayOf('2026-11-23T00:00:00.000Z')?.key, 'day.2026-11-23');
  assert.equal(dayOf('2026-11-22T12:00:00Z')?.resetsAt, Date.parse('2026-11-23T00:00:00Z'));
});

test('what is spent and what is in hand leave the rest; more than that is refused, telling what is left', () => {
  const entry = after([reserve('a', 60), settle('a', 30), reserve('b', 50)]);
  const refused = applied(entry, reserve('c', 21), 0);
  assert.deepEqual([refused.refused, refused.left, refused.entry === entry], [true, 20, true]);
  assert.equal(applied(entry, reserve('c', 20), 0).refused, false);
});

test('what was spent stays a number that can be read, however much it is', () => {
  const most = Number.MAX_SAFE_INTEGER;
  const entry = after([reserve('a', 1), settle('a', most), reserve('b', 0, most), settle('b', most)]);
  assert.deepEqual(Entry.parse(entry), { settled_nano_usd: most, reserved: [] });
});

test('a reservation that expires counts no more, and its cost still counts when it is settled late', () => {
  const entry = after([reserve('a', 100)]);
  assert.equal(applied(entry, reserve('b', 1), 999).refused, true);
  const later = applied(entry, reserve('b', 40), 1_000);
  assert.equal(later.refused, false);
  assert.equal(after([settle('a', 30)], 2_000, later.entry).settled_nano_usd, 30);
});

test('what nobody settles is forgotten in the end', () => {
  const entry = after([reserve('b', 1, 100, 1e9)], 1_000 + FORGOTTEN_AFTER_MS, after([reserve('a', 100)]));
  assert.deepEqual(
    entry.reserved.map(({ id }) => id),
    ['b'],
  );
});

test('operations that are repeated, as after a lost answer, change nothing the second time', () => {
  const operations = [reserve('a', 60), reserve('b', 20), settle('a', 55), settle('unheard of', 5)];
  const once = after(operations);
  assert.deepEqual(after(operations.slice(2), 0, once), once);
  assert.deepEqual(after([...operations.slice(0, 2), ...operations]), once);
  assert.deepEqual([once.settled_nano_usd, inHand(once, 0)], [55, 20]);
});

test('whatever is reserved and settled in whatever order, nothing is let through beyond the limit', () => {
  const LIMIT = 1_000;
  const step = fc.record({
    id: fc.nat({ max: 20 }).map(String),
    nanoUsd: fc.nat({ max: 400 }),
    settles: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let entry = NO_ENTRY;
      for (const { id, nanoUsd, settles } of steps) {
        const held = entry.reserved.find((reservation) => reservation.id === id)?.nano_usd ?? 0;
        // A call costs at most what was reserved for it.
        const operation = settles ? settle(id, Math.min(held, nanoUsd)) : reserve(id, nanoUsd, LIMIT);
        entry = applied(entry, operation, 0).entry;
        assert.ok(entry.settled_nano_usd + inHand(entry, 0) <= LIMIT);
      }
    }),
  );
});
