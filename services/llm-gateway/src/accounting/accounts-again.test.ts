// The accounts of requests that are handled more than once, and of those whose books cannot be kept for a while.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerRecord } from '@troupe/contracts';
import { ledgerSubject } from '@troupe/contracts';
import type { Kernel, Publisher } from '@troupe/shared';
import { BUDGETS_BUCKET, DirectReader, LEDGER_STREAM, openEntries } from '@troupe/shared';
import type { Ground } from '../test-support/gateway-process.ts';
import { startGround } from '../test-support/gateway-process.ts';
import { callOf, lastRecordsOf, opened, planOf, recordsOf, testAccounts } from '../test-support/accounts.ts';
import type { AttemptEnd } from './accounts.ts';
import { Entry } from './budgets.ts';

let ground: Ground;
let kernel: Kernel;

const answered: AttemptEnd = { kind: 'answered', usage: { input_tokens: 10, output_tokens: 1 } };
const COST = 10 * 400 + 1_600;
/** The whole prompt and half of the longest answer. */
const PRESUMED = 100 * 400 + 500 * 1_600;
const LIMITS = { workflow: 1e9, userDay: undefined, day: undefined };
const HASTY = { publish: 100, begin: 100, end: 5_000, patience: 100, pause: 10, longestPause: 50 };

const outcomes = (records: readonly LedgerRecord[]): string[] =>
  records.map((record) => (record.phase === 'begun' ? 'begun' : record.outcome));

/** The kernel with a publisher between that takes nothing while `away` matches the subject and body. */
function failing(away: (subject: string, body: string) => boolean): Pick<Kernel, 'connection' | 'publisher'> {
  const publish: Publisher['publish'] = (subject, headers, body, ...rest) =>
    away(subject, body)
      ? Promise.resolve({ kind: 'unavailable', description: 'away' })
      : kernel.publisher.publish(subject, headers, body, ...rest);
  return { connection: kernel.connection, publisher: { publish } as unknown as Publisher };
}
const isEnd = (body: string): boolean => body.includes('"phase":"ended"');

async function settledIn(workflow: string): Promise<Entry> {
  const key = `workflow.alice.${workflow}`;
  const { value } =
    (await openEntries(kernel.connection, kernel.publisher, BUDGETS_BUCKET).read(key)).get(key) ?? {};
  return Entry.parse(JSON.parse(value ?? 'null'));
}

suite('accounts of what is handled again', { timeout: 120_000 }, () => {
  before(async () => {
    ground = await startGround();
    kernel = ground.kernel;
  });
  after(() => ground[Symbol.asyncDispose]());

  test('whoever handles a request again is told once what others took for it, what they left open as it is presumed', async () => {
    await using dead = testAccounts(kernel);
    const first = callOf('again');
    const begun = await dead.open(planOf(first));
    assert.ok(begun.kind === 'opened' && begun.earlier === undefined);
    await opened(await dead.open(planOf(first))).end(answered);
    await opened(await dead.open(planOf(first))).end({ kind: 'not_sent' });
    await using accounts = testAccounts(kernel);
    const second = callOf('again');
    for (const known of ['first', 'again']) {
      const result = await accounts.open(planOf(second));
      assert.ok(result.kind === 'opened', known);
      // The second time it may be read anew, and is the same: nothing of its own is among it.
      if (known === 'first' || result.earlier !== undefined)
        assert.deepEqual(result.earlier, { attempts: 2, costNanoUsd: PRESUMED + COST });
      await result.attempt.end(answered);
    }
    const third = await accounts.earlier(callOf('again'));
    assert.deepEqual(third, { attempts: 4, costNanoUsd: PRESUMED + 3 * COST });
  });

  test('a request that is not handled again can be closed in the books: what was open is presumed to have ended, on record and in its budget, once', async () => {
    const call = callOf('closed');
    await using dead = testAccounts(kernel, { limits: LIMITS });
    const zombie = opened(await dead.open(planOf(call)));
    await using accounts = testAccounts(kernel, { limits: LIMITS });
    for (let times = 0; times < 2; times += 1)
      assert.deepEqual(await accounts.earlier(callOf('closed')), { attempts: 1, costNanoUsd: PRESUMED });
    assert.deepEqual(accounts.told, ['suspected_duplicate closed']);
    assert.deepEqual(outcomes(await recordsOf(kernel, call, 1)), ['begun', 'suspected_duplicate']);
    await zombie.end(answered);
    assert.deepEqual(await settledIn('closed'), { settled_nano_usd: PRESUMED, reserved: [] });
  });

  test('an answer does not wait for a ledger that is away: its end is stored once the ledger is back', async () => {
    let away = false;
    await using accounts = testAccounts(
      failing((_subject, body) => away && isEnd(body)),
      { ledgerTimes: HASTY },
    );
    const call = callOf('late');
    const attempt = opened(await accounts.open(planOf(call)));
    away = true;
    assert.equal((await attempt.end(answered)).costNanoUsd, COST);
    assert.deepEqual(accounts.told, ['record_late late']);
    const next = opened(await accounts.open(planOf(call, { kind: 'repair' })));
    away = false;
    const soon = AbortSignal.timeout(30_000);
    while (outcomes(await lastRecordsOf(kernel, call))[0] !== 'ok')
      await sleep(20, undefined, { signal: soon });
    await next.end(answered);
    assert.deepEqual(outcomes(await lastRecordsOf(kernel, call)), ['ok', 'ok']);
    assert.deepEqual(accounts.told, ['record_late late'], 'an own attempt is no duplicate');
  });

  test('accounts that are disposed of try once more, and tell what they could not put on record', async () => {
    const accounts = testAccounts(
      failing((_subject, body) => isEnd(body)),
      { ledgerTimes: HASTY },
    );
    await opened(await accounts.open(planOf(callOf('lost')))).end(answered);
    await accounts[Symbol.asyncDispose]();
    assert.deepEqual(accounts.told, ['record_late lost', 'record_lost lost']);
  });

  test('a cost is settled before its end goes on record, so that whoever dies between leaves a beginning', async () => {
    let away = false;
    const between = failing((subject) => away && !subject.startsWith('agents-ledger'));
    const call = callOf('order');
    await using accounts = testAccounts(between, { limits: LIMITS, ledgerTimes: HASTY });
    const attempt = opened(await accounts.open(planOf(call)));
    away = true;
    await attempt.end(answered);
    assert.deepEqual(outcomes(await recordsOf(kernel, call, 1)), ['begun']);
    away = false;
    await accounts[Symbol.asyncDispose]();
    assert.deepEqual(outcomes(await recordsOf(kernel, call, 1)), ['begun', 'ok']);
    assert.deepEqual(await settledIn('order'), { settled_nano_usd: COST, reserved: [] });
  });

  test('what was never sent is on record with nothing used, and gives its reservation back', async () => {
    await using accounts = testAccounts(kernel, { limits: LIMITS });
    const call = callOf('unsent');
    const charge = await opened(await accounts.open(planOf(call))).end({ kind: 'not_sent' });
    assert.deepEqual(charge, {
      usage: { input_tokens: 0, output_tokens: 0 },
      estimated: false,
      costNanoUsd: 0,
    });
    assert.deepEqual(outcomes(await lastRecordsOf(kernel, call)), ['not_sent']);
    assert.deepEqual(await settledIn('unsent'), { settled_nano_usd: 0, reserved: [] });
  });

  test('usage that cannot be is cut, marked and told of, and what was spent stays a number that can be read', async () => {
    await using accounts = testAccounts(kernel, { limits: { ...LIMITS, workflow: Number.MAX_SAFE_INTEGER } });
    const call = callOf('absurd');
    const usage = { input_tokens: Number.MAX_SAFE_INTEGER, output_tokens: 1 };
    const charge = await opened(await accounts.open(planOf(call))).end({ kind: 'answered', usage });
    assert.deepEqual(charge.usage, { input_tokens: 1e9, output_tokens: 1 });
    const [record] = await lastRecordsOf(kernel, call);
    assert.equal(record?.phase === 'ended' && record.inconsistent, true);
    assert.deepEqual(accounts.told, ['inconsistent_usage gpt-4.1-mini']);
    assert.equal((await settledIn('absurd')).settled_nano_usd, 1e9 * 400 + 1_600);
  });

  test('of a target nothing but its name is recorded, whatever it carries', async () => {
    await using accounts = testAccounts(kernel);
    const call = callOf('laden');
    const target = { provider: 'openai', model: 'gpt-4.1-mini', client: { key: 'sk-secret' } } as const;
    await opened(await accounts.open(planOf(call, { target }))).end(answered);
    const stored = await new DirectReader(kernel.connection, LEDGER_STREAM).allAt(ledgerSubject(call, 1));
    assert.equal(stored.length, 2);
    for (const { body } of stored) assert.doesNotMatch(Buffer.from(body).toString(), /client|sk-secret/);
  });
});
