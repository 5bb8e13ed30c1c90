// The stores of several gateway processes on the budgets of one real NATS server.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entries, Kernel } from '@troupe/shared';
import { BUDGETS_BUCKET, createLogger, openEntries, openKernel, RetryableError } from '@troupe/shared';
import type { Ground } from '../test-support/gateway-process.ts';
import { startGround } from '../test-support/gateway-process.ts';
import type { BudgetStore } from './budget-store.ts';
import { BUDGET_TIMES, createBudgetStore } from './budget-store.ts';
import { Entry, inHand, NO_ENTRY, scopesOf } from './budgets.ts';
import { reserveInAll, settleInAll } from './reserve.ts';
import type { EventId, UserId, WorkflowId } from '@troupe/contracts';

const PROCESSES = 3;
let ground: Ground;
const kernels: Kernel[] = [];

const entriesOf = ({ connection, publisher }: Kernel): Entries =>
  openEntries(connection, publisher, BUDGETS_BUCKET);
const storeOn = (
  entries: Pick<Entries, 'read' | 'put'>,
  more: Partial<typeof BUDGET_TIMES> = {},
): BudgetStore =>
  createBudgetStore({ entries, now: Date.now, random: Math.random, times: { ...BUDGET_TIMES, ...more } });

/** What stands in the bucket. */
async function entryAt(key: string): Promise<Entry> {
  const { value } = (await entriesOf(ground.kernel).read(key)).get(key) ?? {};
  return value === undefined ? NO_ENTRY : Entry.parse(JSON.parse(value));
}
async function settled(key: string, reserved: number): Promise<Entry> {
  for (const startedAt = performance.now(); ; ) {
    const entry = await entryAt(key);
    if (entry.reserved.length === reserved) return entry;
    if (performance.now() - startedAt > 10_000) throw new Error(`${key}: ${JSON.stringify(entry)}`);
    await sleep(20);
  }
}
const soon = (): number => Date.now() + 60_000;

suite('budgets that several processes hold', { timeout: 120_000 }, () => {
  before(async () => {
    ground = await startGround();
    for (let n = 0; n < PROCESSES; n += 1)
      kernels.push(
        await openKernel({ url: ground.url, name: `p${n}`, logger: createLogger('test', 'silent') }),
      );
  });
  after(async () => {
    for (const kernel of kernels) await kernel[Symbol.asyncDispose]();
    await ground[Symbol.asyncDispose]();
  });

  test('200 calls at once in three processes never reserve more than the limit, and use all of it', async () => {
    const stores = kernels.map((kernel) => storeOn(entriesOf(kernel)));
    const asked = Array.from({ length: 200 }, (_, n) => {
      const reservation = { id: `r${n}`, nanoUsd: 10, expiresAt: soon(), limit: 505 };
      return stores[n % PROCESSES]!.reserve('race', reservation);
    });
    const answers = await Promise.all(asked);
    const let_through = answers.filter(({ kind }) => kind === 'reserved').length;
    assert.equal(let_through, 50);
    assert.equal(inHand(await entryAt('race'), Date.now()), 500);
  });

  test('many calls at once in one process take few writes', async () => {
    let writes = 0;
    const entries = entriesOf(kernels[0]!);
    const counted: Pick<Entries, 'read' | 'put'> = {
      read: (filter) => entries.read(filter),
      put: (...given) => ((writes += 1), entries.put(...given)),
    };
    const store = storeOn(counted);
    const ids = Array.from({ length: 200 }, (_, n) => `c${n}`);
    await Promise.all(
      ids.map((id) => store.reserve('crowd', { id, nanoUsd: 1, expiresAt: soon(), limit: 1_000 })),
    );
    await Promise.all(ids.map((id) => store.settle('crowd', id, 1)));
    const { settled_nano_usd } = await entryAt('crowd');
    assert.equal(settled_nano_usd, 200);
    assert.ok(writes <= 6, `${writes} writes`);
  });

  test('a process that dies with a reservation in hand leaves nothing reserved once it has expired', async () => {
    const [dying, living] = kernels.map((kernel) => storeOn(entriesOf(kernel)));
    const reservation = { nanoUsd: 100, limit: 100 };
    await dying!.reserve('orphaned', { ...reservation, id: 'dead', expiresAt: Date.now() + 500 });
    const next = { ...reservation, id: 'alive', expiresAt: soon() };
    assert.deepEqual(await living!.reserve('orphaned', next), { kind: 'refused', left: 0 });
    await sleep(600);
    assert.deepEqual(await living!.reserve('orphaned', next), { kind: 'reserved' });
  });

  test('a write whose answer is lost is made again and counts once', async () => {
    let lost = 0;
    const entries = entriesOf(kernels[0]!);
    const store = storeOn({
      read: (filter) => entries.read(filter),
      async put(...given) {
        const outcome = await entries.put(...given);
        lost += 1;
        return lost % 2 === 1 ? { kind: 'unknown' } : outcome;
      },
    });
    for (const id of ['a', 'b', 'c'])
      assert.equal(
        (await store.reserve('lossy', { id, nanoUsd: 10, expiresAt: soon(), limit: 30 })).kind,
        'reserved',
      );
    for (const id of ['a', 'b', 'a']) await store.settle('lossy', id, 7);
    const entry = await entryAt('lossy');
    assert.deepEqual([entry.settled_nano_usd, inHand(entry, Date.now())], [14, 10]);
  });

  test('whoever reserves where nothing can be stored is told so in bounded time; what is settled meanwhile is not lost', async () => {
    let away = false;
    const entries = entriesOf(kernels[0]!);
    const store = storeOn(
      {
        read: (filter) => entries.read(filter),
        put: (...given) => (away ? Promise.resolve({ kind: 'unknown' as const }) : entries.put(...given)),
      },
      { patience: 200 },
    );
    await store.reserve('outage', { id: 'a', nanoUsd: 10, expiresAt: soon(), limit: 100 });
    away = true;
    const settling = store.settle('outage', 'a', 8);
    await assert.rejects(
      store.reserve('outage', { id: 'b', nanoUsd: 10, expiresAt: soon(), limit: 100 }),
      (error) => error instanceof RetryableError && error.code === 'budgets_unavailable',
    );
    away = false;
    await settling;
    assert.equal((await entryAt('outage')).settled_nano_usd, 8);
  });

  test('a store that is disposed of stores first what is not settled yet', async () => {
    {
      await using store = storeOn(entriesOf(kernels[0]!));
      await store.reserve('farewell', { id: 'a', nanoUsd: 10, expiresAt: soon(), limit: 100 });
      void store.settle('farewell', 'a', 9);
    }
    assert.deepEqual(await entryAt('farewell'), { settled_nano_usd: 9, reserved: [] });
  });

  test('a call is reserved in all its budgets or in none, and the refusal says which one, its limit and what is left', async () => {
    const store = storeOn(entriesOf(kernels[0]!));
    const call = { user: 'bob' as UserId, workflow: 'w9' as WorkflowId, request: '0'.repeat(32) as EventId };
    const at = Date.parse('2026-11-22T18:00:00Z');
    const scopes = scopesOf({ workflow: 5e9, userDay: 2e9, day: 9e9 }, call, at);
    const first = await reserveInAll(store, scopes, { id: 'x', nanoUsd: 1.5e9, expiresAt: soon() }, at);
    assert.deepEqual(first, { kind: 'reserved' });
    await settleInAll(store, scopes, 'x', 1.25e9);
    const second = await reserveInAll(store, scopes, { id: 'y', nanoUsd: 1e9, expiresAt: soon() }, at);
    assert.ok(second.kind === 'refused');
    assert.deepEqual(
      [second.scope, second.error.code, second.retryAfterMs],
      ['userDay', 'budget_exceeded', 6 * 3_600_000],
    );
    assert.match(second.error.message, /user's day \(UTC\) is 2\.00 USD; 0\.75 USD .* up to 1\.00 USD/);
    for (const { key } of scopes) {
      const entry = await settled(key, 0);
      assert.equal(entry.settled_nano_usd, 1.25e9, key);
    }
  });
});
