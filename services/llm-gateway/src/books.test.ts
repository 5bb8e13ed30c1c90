// What a call makes of its books, against the real simulator over HTTP: nothing is asked without them, and nothing that was answered is
// lost to them.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RetryableError } from '@troupe/shared';
import type { Accounts, AttemptEnd } from './accounting/accounts.ts';
import { answered, asking, calling, complete, failed, testGateway } from './test-support/gateway.ts';
import { free } from './test-support/parts.ts';
import { startSimulator } from './test-support/simulator.ts';

const simulator = await startSimulator();
const PRIMARY = 'gpt-4.1-mini';
const FALLBACK = 'gpt-3.5-turbo';
const asked = async (): Promise<string[]> => (await simulator.calls()).map(({ model }) => model);

/** Books that tell how the attempts of a call ended; `open` is what stands before the usual. */
function watched(
  open: (...plan: Parameters<Accounts['open']>) => Promise<unknown> = () => Promise.resolve(),
) {
  const ends: AttemptEnd['kind'][] = [];
  const accounts: Accounts = {
    ...free,
    async open(plan) {
      await open(plan);
      const opened = await free.open(plan);
      if (opened.kind !== 'opened') return opened;
      return {
        ...opened,
        attempt: { end: (end) => (ends.push(end.kind), opened.attempt.end(end)) },
      };
    },
  };
  return { accounts, ends };
}

suite('a call and its books', { concurrency: false, timeout: 120_000 }, () => {
  beforeEach(() => simulator.reset());
  after(() => simulator[Symbol.asyncDispose]());

  test('what others took for the same request is added to what the call took, also where it asks nobody', async () => {
    const single = answered(await complete(testGateway(simulator.url), asking('hello')));
    const accounts: Accounts = {
      async open(plan) {
        const opened = await free.open(plan);
        return opened.kind === 'opened' ? { ...opened, earlier: { attempts: 2, costNanoUsd: 50 } } : opened;
      },
      earlier: () => Promise.resolve({ attempts: 3, costNanoUsd: 70 }),
    };
    const gateway = testGateway(simulator.url, {}, { parts: { accounts } });
    const again = answered(await complete(gateway, asking('hello')));
    assert.deepEqual([again.attempts, again.costNanoUsd], [3, (single.costNanoUsd ?? 0) + 50]);
    const over = calling({ deadlineAt: new Date(Date.now() - 1).toISOString() });
    const { attempts, costNanoUsd } = failed(await gateway.complete(asking('hello'), over));
    assert.deepEqual([attempts, costNanoUsd], [3, 70]);
  });

  test('of a call that asked nobody the cost is unknown where the books cannot tell what others took', async () => {
    const accounts: Accounts = {
      ...free,
      earlier: () => Promise.reject(new RetryableError('away', 'Away.')),
    };
    const gateway = testGateway(simulator.url, {}, { parts: { accounts } });
    const over = calling({ deadlineAt: new Date(Date.now() - 1).toISOString() });
    assert.equal(failed(await gateway.complete(asking('hello'), over)).costNanoUsd, null);
  });

  test('where the books took all the time there was, nobody is asked, and the attempt ends as never sent', async () => {
    const { accounts, ends } = watched(() => sleep(400));
    const gateway = testGateway(simulator.url, {}, { parts: { accounts } });
    const soon = calling({ deadlineAt: new Date(Date.now() + 300).toISOString() });
    assert.equal(failed(await gateway.complete(asking('hello'), soon)).attempts, 0);
    assert.deepEqual([ends, await asked()], [['not_sent'], []]);
  });

  test('a call that is no longer wanted once it is on record is not sent', async () => {
    const leaving = new AbortController();
    const { accounts, ends } = watched(() => {
      leaving.abort(new Error('left'));
      return Promise.resolve();
    });
    const gateway = testGateway(simulator.url, {}, { parts: { accounts } });
    await assert.rejects(complete(gateway, asking('hello'), leaving.signal), /left/);
    assert.deepEqual([ends, await asked()], [['not_sent'], []]);
  });

  test('a target without a price under a budget is passed over; where none has one the call is rejected for that', async () => {
    const priced = new Set([FALLBACK]);
    const accounts: Accounts = {
      ...free,
      open: (plan) =>
        priced.has(plan.target.model) ? free.open(plan) : Promise.resolve({ kind: 'price_unknown' }),
    };
    const gateway = testGateway(simulator.url, {}, { parts: { accounts } });
    assert.equal(answered(await complete(gateway, asking('hello'))).target.model, FALLBACK);
    priced.clear();
    const { error, origin } = failed(await complete(gateway, asking('hello')));
    assert.deepEqual([error.code, origin, await asked()], ['price_unknown', 'gateway', [FALLBACK]]);
  });

  test('an attempt that a bug of ours ends is ended in the books', async () => {
    const { accounts, ends } = watched();
    const gateway = testGateway(simulator.url, {}, { parts: { accounts } });
    const begin = (): never => {
      throw new TypeError('a bug');
    };
    const live = { begin, text: () => undefined };
    await assert.rejects(gateway.complete(asking('hello'), calling({ live })), /a bug/);
    assert.deepEqual(ends, ['abandoned']);
  });

  test('a truncated answer is delivered where its longer one cannot be put on record', async () => {
    await simulator.script({ match: { model: PRIMARY }, then: { kind: 'truncated' } });
    const { accounts, ends } = watched(({ kind }) =>
      kind === 'repair'
        ? Promise.reject(new RetryableError('ledger_unavailable', 'Away.'))
        : Promise.resolve(),
    );
    const gateway = testGateway(simulator.url, {}, { parts: { accounts } });
    assert.equal(answered(await complete(gateway, asking('hello'))).kind, 'truncated');
    assert.deepEqual(ends, ['answered']);
  });
});
