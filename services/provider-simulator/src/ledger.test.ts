import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Arrival, createLedger, MAX_CALLS } from './ledger.ts';

const arrival: Arrival = {
  request_id: 'r',
  endpoint: 'chat',
  model: 'm',
  at: '2026-01-01T00:00:00.000Z',
  key_hash: 'k',
  headers: { traceparent: null, idempotency_key: null },
};
const now = (): Date => new Date('2026-01-01T00:00:01.000Z');

test('the detailed calls are bounded while the totals keep counting', () => {
  const ledger = createLedger(now);
  for (let n = 0; n < MAX_CALLS + 10; n += 1) {
    ledger.open(arrival).close('completed', 200, { told: { inputTokens: 2, outputTokens: 1 }, said: 4 });
  }
  const { totals, calls } = ledger.read(MAX_CALLS * 2);
  assert.equal(calls.length, MAX_CALLS);
  assert.equal(calls.at(0)?.n, 11);
  assert.equal(totals[0]?.calls, MAX_CALLS + 10);
  assert.equal(totals[0].input_tokens, 2 * (MAX_CALLS + 10));
});

test('the number of models counted apart is bounded', () => {
  const ledger = createLedger(now);
  for (let n = 0; n < 3_000; n += 1) ledger.open({ ...arrival, model: `m${n}` });
  const { totals } = ledger.read(0);
  assert.ok(totals.length <= 1_001);
  assert.equal(
    totals.reduce((sum, total) => sum + total.calls, 0),
    3_000,
  );
});

test('a call in work is open and counted, and only its end says more', () => {
  const ledger = createLedger(now);
  const call = ledger.open(arrival);
  const said = () => ledger.read(1).calls.map(({ outcome, status, ended_at }) => [outcome, status, ended_at]);
  assert.deepEqual(said(), [['open', null, null]]);
  call.close('aborted', null, { told: undefined, said: 5 });
  assert.deepEqual(said(), [['aborted', null, '2026-01-01T00:00:01.000Z']]);
  assert.equal(ledger.read(1).totals[0]?.aborted, 1);
  assert.deepEqual(
    ledger.read(1).calls.map(({ usage_told, sent_tokens }) => [usage_told, sent_tokens]),
    [[false, 2]],
  );
});

test('a call knows how many are in work at its model with it', () => {
  const ledger = createLedger(now);
  const [first, other] = [ledger.open(arrival), ledger.open({ ...arrival, model: 'other' })];
  assert.deepEqual([first.atOnce, other.atOnce, ledger.open(arrival).atOnce], [1, 1, 2]);
  first.close('failed', 500, { told: undefined, said: 0 });
  assert.equal(ledger.open(arrival).atOnce, 2);
});
