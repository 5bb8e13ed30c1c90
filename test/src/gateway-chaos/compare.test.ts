// The comparison itself, on cases of one call each.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventId, LedgerBegun, LedgerEnded, UserId, WorkflowId } from '@troupe/contracts';
import type { Call, Comparison, Seen } from './compare.ts';
import { compare, summedError } from './compare.ts';

const told: Seen = {
  outcome: 'completed',
  usage_told: true,
  prompt_tokens: 100,
  input_tokens: 100,
  output_tokens: 20,
  sent_tokens: 20,
};
const cut: Seen = {
  ...told,
  outcome: 'failed',
  usage_told: false,
  input_tokens: 0,
  output_tokens: 0,
  sent_tokens: 8,
};
const refused: Seen = { ...cut, sent_tokens: 0 };

const begun = (attempt: number): LedgerBegun => ({
  phase: 'begun',
  user: 'u' as UserId,
  workflow: 'w' as WorkflowId,
  request: 'r' as EventId,
  attempt,
  gateway: 'g',
  kind: 'first',
  provider: 'openai',
  model: 'm',
  key_id: 'k',
  at: '2026-01-01T00:00:00.000Z',
  expected: { input_tokens: 104, output_tokens: 1_000 },
});
const ended = (attempt: number, input: number, output: number, estimated = false): LedgerEnded => ({
  ...begun(attempt),
  phase: 'ended',
  duration_ms: 1,
  outcome: 'ok',
  usage: { input_tokens: input, output_tokens: output },
  estimated,
  price_from: null,
  cost_nano_usd: null,
});

const cases: readonly (readonly [string, Call, Partial<Comparison>])[] = [
  ['an answer booked as told is exact', { seen: [told], booked: [ended(1, 100, 20)] }, { exact: 1 }],
  ['an answer booked otherwise is wrong', { seen: [told], booked: [ended(1, 100, 21)] }, { wrong: 1 }],
  [
    'an estimate where the provider told is wrong',
    { seen: [told], booked: [ended(1, 100, 20, true)] },
    { wrong: 1 },
  ],
  [
    'an answer that came when nobody waited any longer may be an estimate',
    { seen: [told], booked: [{ ...ended(1, 104, 0, true), outcome: 'no_response' }] },
    { estimated: 1, estimatedTokens: 104, countedTokens: 120 },
  ],
  ['a refusal booked as nothing is exact', { seen: [refused], booked: [ended(1, 0, 0)] }, { exact: 1 }],
  ['a refusal booked as something is wrong', { seen: [refused], booked: [ended(1, 100, 0)] }, { wrong: 1 }],
  [
    'a cut answer is an estimate beside what left the provider',
    { seen: [cut], booked: [ended(1, 104, 7, true)] },
    { estimated: 1, estimatedTokens: 111, countedTokens: 108 },
  ],
  [
    'attempts are paired by their number, in whatever order they are read',
    { seen: [refused, told], booked: [ended(2, 100, 20), ended(1, 0, 0)] },
    { exact: 2 },
  ],
  [
    'a call that the books do not have is counted',
    { seen: [told, told], booked: [ended(1, 100, 20)] },
    { exact: 1, unbooked: 1 },
  ],
  [
    'an attempt that was given up before it arrived is counted',
    { seen: [told], booked: [{ ...ended(1, 104, 0, true), outcome: 'no_response' }, ended(2, 100, 20)] },
    { exact: 1, unseen: 1 },
  ],
  [
    'an answer that no provider gave is wrong',
    { seen: [told], booked: [ended(1, 100, 20), ended(2, 100, 20)] },
    { exact: 1, wrong: 1 },
  ],
  ['an attempt without an end is counted', { seen: [told], booked: [begun(1)] }, { unended: 1 }],
];

for (const [name, call, expected] of cases)
  test(name, () => {
    const { seen, booked, ...compared } = compare([call]);
    assert.deepEqual([seen, booked], [call.seen.length, call.booked.length]);
    const rest = { unbooked: 0, unseen: 0, unended: 0, exact: 0, wrong: 0, estimated: 0 };
    assert.deepEqual(compared, { ...rest, estimatedTokens: 0, countedTokens: 0, ...expected });
  });

test('errors of estimates cancel out in their sum, which is a share of what the provider counted', () => {
  const high: Call = { seen: [cut], booked: [ended(1, 110, 8, true)] };
  const low: Call = { seen: [cut], booked: [ended(1, 100, 3, true)] };
  assert.equal(summedError(compare([high, low])), 5 / 216);
  assert.equal(summedError(compare([])), 0);
});
