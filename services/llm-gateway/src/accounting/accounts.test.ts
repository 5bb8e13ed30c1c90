// The accounts of several gateway processes on the ledger and the budgets of one real NATS server.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Kernel, Publisher } from '@troupe/shared';
import { BUDGETS_BUCKET, openEntries, RetryableError } from '@troupe/shared';
import type { Ground } from '../test-support/gateway-process.ts';
import { startGround } from '../test-support/gateway-process.ts';
import { callOf, lastRecordsOf, opened, planOf, recordsOf, testAccounts } from '../test-support/accounts.ts';
import type { AttemptEnd } from './accounts.ts';
import { Entry } from './budgets.ts';

let ground: Ground;
let kernel: Kernel;

const answered: AttemptEnd = {
  kind: 'answered',
  usage: { input_tokens: 90, output_tokens: 10, cached_input_tokens: 40 },
};
const COST = 50 * 400 + 40 * 100 + 10 * 1_600;
const cut: AttemptEnd = { kind: 'failed', fault: 'cut', used: {}, received: 40 };
const HASTY = { publish: 100, begin: 100, end: 5_000, patience: 200, pause: 10, longestPause: 50 };
const NO_LIMITS = { workflow: undefined, userDay: undefined, day: undefined };

/** The kernel with a publisher between. */
const through = (publish: Publisher['publish']): Pick<Kernel, 'connection' | 'publisher'> => ({
  connection: kernel.connection,
  publisher: { publish } as unknown as Publisher,
});

async function budgetAt(key: string): Promise<Entry> {
  const entries = openEntries(kernel.connection, kernel.publisher, BUDGETS_BUCKET);
  const { value } = (await entries.read(key)).get(key) ?? {};
  return Entry.parse(JSON.parse(value ?? 'null'));
}

suite('accounts', { timeout: 120_000 }, () => {
  before(async () => {
    ground = await startGround();
    kernel = ground.kernel;
  });
  after(() => ground[Symbol.asyncDispose]());

  test('without a limit no budget is kept', async () => {
    await using accounts = testAccounts(kernel);
    await opened(await accounts.open(planOf(callOf('unlimited')))).end(answered);
    const entries = openEntries(kernel.connection, kernel.publisher, BUDGETS_BUCKET);
    assert.equal((await entries.read()).size, 0);
  });

  test('an attempt is on record before it is made, and with what it used and cost behind it', async () => {
    await using accounts = testAccounts(kernel);
    const call = callOf('one');
    const attempt = opened(await accounts.open(planOf(call)));
    const [begun] = await recordsOf(kernel, call, 1);
    assert.ok(begun?.phase === 'begun');
    assert.deepEqual(begun.expected, { input_tokens: 100, output_tokens: 1_000 });
    const charge = await attempt.end(answered);
    assert.deepEqual(charge, { usage: answered.usage, estimated: false, costNanoUsd: COST });
    const [, ended, ...more] = await recordsOf(kernel, call, 1);
    assert.deepEqual(more, []);
    assert.ok(ended?.phase === 'ended');
    assert.deepEqual(
      [ended.outcome, ended.usage, ended.estimated, ended.price_from, ended.cost_nano_usd, ended.key_id],
      ['ok', answered.usage, false, '2026-01-01', COST, '9f86d081'],
    );
  });

  test('the attempts of a call are numbered, each charged for itself, estimated where nothing was reported', async () => {
    await using accounts = testAccounts(kernel);
    const call = callOf('several');
    await opened(await accounts.open(planOf(call))).end(cut);
    await opened(await accounts.open(planOf(call, { kind: 'retry' }))).end({
      ...cut,
      fault: 'rate_limited',
      received: 0,
    });
    await opened(await accounts.open(planOf(call, { kind: 'fallback' }))).end(answered);
    const records = await lastRecordsOf(kernel, call);
    const told = records.map((record) => {
      assert.ok(record.phase === 'ended');
      return [record.attempt, record.kind, record.outcome, record.estimated, record.cost_nano_usd];
    });
    assert.deepEqual(told, [
      [1, 'first', 'cut', true, 100 * 400 + 10 * 1_600],
      [2, 'retry', 'rate_limited', false, 0],
      [3, 'fallback', 'ok', false, COST],
    ]);
  });

  test('a request that is worked on again goes on numbering, and what its last process left is a suspected duplicate, once', async () => {
    const call = 'again';
    await using dead = testAccounts(kernel);
    const first = callOf(call);
    await opened(await dead.open(planOf(first))).end(cut);
    const zombie = opened(await dead.open(planOf(first, { kind: 'retry' })));

    await using accounts = testAccounts(kernel);
    const second = callOf(call);
    await opened(await accounts.open(planOf(second))).end(cut);
    await opened(await accounts.open(planOf(second, { kind: 'retry' }))).end(answered);
    assert.deepEqual(accounts.told, ['suspected_duplicate again']);
    const third = callOf(call);
    await opened(await accounts.open(planOf(third))).end(answered);
    assert.deepEqual(accounts.told, ['suspected_duplicate again']);

    const records = await lastRecordsOf(kernel, second);
    assert.deepEqual(
      records.map((record) => record.phase === 'ended' && record.outcome),
      ['cut', 'suspected_duplicate', 'cut', 'ok', 'ok'],
    );
    const [, presumed] = records;
    assert.ok(presumed?.phase === 'ended');
    assert.deepEqual(
      [presumed.usage, presumed.estimated, presumed.duration_ms, presumed.cost_nano_usd],
      [{ input_tokens: 100, output_tokens: 500 }, true, null, 100 * 400 + 500 * 1_600],
    );
    await zombie.end(answered);
    const outcomes = (await recordsOf(kernel, second, 2)).map(
      (record) => record.phase === 'ended' && record.outcome,
    );
    assert.deepEqual(outcomes, [false, 'suspected_duplicate', 'ok'], 'whoever made the call knows best');
  });

  test('records whose answers are lost are stored once', async () => {
    let sent = 0;
    const lossy = through(async (...given) => {
      const outcome = await kernel.publisher.publish(...given);
      sent += 1;
      return sent % 2 === 1 ? { kind: 'unknown' } : outcome;
    });
    await using accounts = testAccounts(lossy);
    const call = callOf('lossy');
    for (const kind of ['first', 'retry'] as const)
      await opened(await accounts.open(planOf(call, { kind }))).end(answered);
    for (const attempt of [1, 2]) {
      const phases = (await recordsOf(kernel, call, attempt)).map(({ phase }) => phase);
      assert.deepEqual(phases, ['begun', 'ended']);
    }
    assert.equal((await recordsOf(kernel, call, 3)).length, 0);
    assert.deepEqual(accounts.told, []);
  });

  test('nothing is spent unrecorded: where no beginning can be stored, the attempt is put off and its reservation given back', async () => {
    const budgetsOnly = through((subject, ...given) =>
      subject.startsWith('agents-ledger')
        ? Promise.resolve({ kind: 'unavailable', description: 'away' })
        : kernel.publisher.publish(subject, ...given),
    );
    const call = callOf('away');
    {
      await using accounts = testAccounts(budgetsOnly, {
        limits: { ...NO_LIMITS, workflow: 1e9 },
        ledgerTimes: HASTY,
      });
      await assert.rejects(
        accounts.open(planOf(call)),
        (error) => error instanceof RetryableError && error.code === 'ledger_unavailable',
      );
    }
    assert.deepEqual(await budgetAt('workflow.alice.away'), { settled_nano_usd: 0, reserved: [] });
  });

  test('what budgets count is what the ledger holds, also of what a process that died had in hand', async () => {
    const limits = { ...NO_LIMITS, workflow: 1e9 };
    const workflow = 'sums';
    await testAccounts(kernel, { limits }).open(planOf(callOf(workflow)));
    const call = callOf(workflow);
    {
      await using accounts = testAccounts(kernel, { limits });
      const ends: AttemptEnd[] = [
        cut,
        answered,
        { kind: 'abandoned', used: { input_tokens: 77 }, received: 9 },
      ];
      for (const end of ends) await opened(await accounts.open(planOf(call))).end(end);
      assert.deepEqual(accounts.told, ['suspected_duplicate sums']);
    }
    const costs = (await lastRecordsOf(kernel, call)).map(
      (record) => (record.phase === 'ended' && record.cost_nano_usd) || 0,
    );
    assert.equal(costs.length, 4);
    const spent = costs.reduce((sum, cost) => sum + cost, 0);
    assert.deepEqual(await budgetAt(`workflow.alice.${workflow}`), { settled_nano_usd: spent, reserved: [] });
  });

  test('a call that does not fit into its budget is refused before anything is recorded', async () => {
    // The prompt and the longest answer: 100 * 400 + 1,000 * 1,600.
    await using accounts = testAccounts(kernel, { limits: { ...NO_LIMITS, workflow: 1_639_999 } });
    const call = callOf('poor');
    const refused = await accounts.open(planOf(call));
    assert.ok(refused.kind === 'refused');
    assert.deepEqual([refused.error.code, refused.retryAfterMs], ['budget_exceeded', undefined]);
    assert.deepEqual(accounts.told, ['budget_refused workflow']);
    assert.deepEqual(await lastRecordsOf(kernel, call), []);
  });

  test('a model without a price costs null, never 0, and is told of; under a budget it is not asked', async () => {
    const target = { provider: 'openai', model: 'unheard-of' } as const;
    await using free = testAccounts(kernel);
    const call = callOf('priceless');
    const charge = await opened(await free.open(planOf(call, { target }))).end(answered);
    assert.equal(charge.costNanoUsd, null);
    assert.deepEqual(free.told, ['price_missing unheard-of']);

    await using held = testAccounts(kernel, { limits: { ...NO_LIMITS, day: 1e12 } });
    const refused = await held.open(planOf(callOf('priceless-held'), { target }));
    assert.equal(refused.kind, 'price_unknown');
  });

  test('parts that are larger than the whole are charged, marked and told of', async () => {
    await using accounts = testAccounts(kernel);
    const call = callOf('odd');
    const usage = { input_tokens: 10, output_tokens: 0, cached_input_tokens: 30 };
    const charge = await opened(await accounts.open(planOf(call))).end({ kind: 'answered', usage });
    assert.equal(charge.costNanoUsd, 3_000);
    const [record] = await lastRecordsOf(kernel, call);
    assert.equal(record?.phase === 'ended' && record.inconsistent, true);
    assert.deepEqual(accounts.told, ['inconsistent_usage gpt-4.1-mini']);
  });

  test('an attempt costs what held when it began, though the price changes at midnight while it is made', async () => {
    let now = Date.parse('2026-10-06T23:59:59.999Z');
    const rates = { input: 1, cachedInput: 1, cacheWrite: 1, cacheWriteLong: 1, output: 1 };
    const old = { provider: 'openai', model: 'gpt-4.1-mini', from: '2026-01-01', rates };
    const prices = [old, { ...old, from: '2026-10-07', rates: { ...rates, input: 1_000 } }];
    await using accounts = testAccounts(kernel, { prices, now: () => now });
    const call = callOf('midnight');
    const usage = { input_tokens: 10, output_tokens: 0 };
    const before = opened(await accounts.open(planOf(call)));
    now += 1;
    assert.equal((await before.end({ kind: 'answered', usage })).costNanoUsd, 10);
    const after = opened(await accounts.open(planOf(call)));
    assert.equal((await after.end({ kind: 'answered', usage })).costNanoUsd, 10_000);
  });
});
