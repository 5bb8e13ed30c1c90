import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultClass } from './classify.ts';
import { VERDICTS } from './classify.ts';
import type { AfterAnswer, AfterFault } from './next-step.ts';
import { afterAnswer, afterFault } from './next-step.ts';

/** A first fault with all the time, caps and budgets that there are; every wait is half of what it may be. */
const fault = (name: FaultClass, more: Partial<AfterFault> = {}): string => {
  const step = afterFault({
    verdict: VERDICTS[name],
    rule: { maxRetries: 3, baseMs: 200, maxMs: 8_000 },
    retries: 0,
    walks: 0,
    otherKey: false,
    hintMs: undefined,
    longestWaitMs: 60_000,
    mayAsk: true,
    mayRetry: true,
    probe: false,
    random: () => 0.5,
    ...more,
  });
  return step.kind === 'retry' ? `retry after ${Math.round(step.afterMs)}` : step.kind;
};

const CAPPED = { mayAsk: false, mayRetry: false };
const CASES: readonly (readonly [string, string, string])[] = [
  ['what the caller did wrong is not repeated', fault('request_rejected'), 'leave_target'],
  ['a refusal is not repeated', fault('content_filtered'), 'leave_target'],
  ['too long a conversation is not repeated', fault('context_too_long'), 'leave_target'],
  ['… not even with another key', fault('context_too_long', { otherKey: true }), 'leave_target'],
  ['a server that failed is asked again', fault('server_error'), 'retry after 100'],
  ['… later each time', fault('server_error', { retries: 2 }), 'retry after 400'],
  ['… as often as the settings say', fault('server_error', { retries: 3 }), 'leave_target'],
  ['… no sooner than it asked for', fault('server_error', { hintMs: 1_000 }), 'retry after 1050'],
  ['… with the key that it was asked with', fault('server_error', { otherKey: true }), 'retry after 100'],
  ['a broken stream is begun anew once', fault('cut'), 'retry after 100'],
  ['… and not twice', fault('cut', { retries: 1 }), 'leave_target'],
  ['an overloaded vendor is asked once more', fault('overloaded'), 'retry after 100'],
  ['… and not twice', fault('overloaded', { retries: 1 }), 'leave_target'],
  ['who was silent all the time is not asked again', fault('no_response'), 'leave_target'],
  ['who did not begin in time is not asked again', fault('no_content'), 'leave_target'],
  ['who took all the time is not asked again', fault('out_of_time'), 'leave_target'],
  ['a limit of one key is another key’s chance', fault('rate_limited', { otherKey: true }), 'other_key'],
  ['… however many were tried', fault('rate_limited', { otherKey: true, walks: 9 }), 'other_key'],
  ['… without it the hint is waited for', fault('rate_limited', { hintMs: 1_000 }), 'retry after 1050'],
  ['… unless that is too long', fault('rate_limited', { hintMs: 90_000 }), 'leave_target'],
  ['an empty account is never asked again', fault('quota_exhausted'), 'leave_target'],
  ['… but another one is', fault('quota_exhausted', { otherKey: true, walks: 9 }), 'other_key'],
  ['a revoked key is never used again', fault('unauthorized'), 'leave_target'],
  ['… but another one is', fault('unauthorized', { otherKey: true, walks: 9 }), 'other_key'],
  [
    'a model that a key may not use is asked with one more',
    fault('forbidden', { otherKey: true }),
    'other_key',
  ],
  ['… and no third', fault('unknown_model', { otherKey: true, walks: 1 }), 'leave_target'],
  ['nobody insists behind a probe', fault('server_error', { probe: true }), 'leave_target'],
  ['… but its key may be changed', fault('unauthorized', { probe: true, otherKey: true }), 'other_key'],
  ['an empty retry budget sends the call on', fault('server_error', { mayRetry: false }), 'leave_target'],
  ['… but not past another key', fault('rate_limited', { mayRetry: false, otherKey: true }), 'other_key'],
  ['… unless the caps forbid it', fault('rate_limited', { ...CAPPED, otherKey: true }), 'leave_target'],
  ['no cap keeps from a key that is left', fault('unauthorized', { ...CAPPED, otherKey: true }), 'other_key'],
  ['no wait is begun that does not fit', fault('server_error', { longestWaitMs: 99 }), 'leave_target'],
];

for (const [name, step, expected] of CASES) test(`${name}: ${expected}`, () => assert.equal(step, expected));

const answer = (more: Partial<AfterAnswer>): string =>
  afterAnswer({
    finish: 'stop',
    hasProblems: false,
    repaired: false,
    raised: false,
    canRaise: true,
    mayAskAgain: true,
    ...more,
  });

const ANSWERS: readonly (readonly [string, Partial<AfterAnswer>, string])[] = [
  ['a right answer is delivered', {}, 'deliver'],
  ['a wrong one is sent back', { hasProblems: true }, 'repair'],
  ['… once', { hasProblems: true, repaired: true }, 'leave_target'],
  ['… if that is possible', { hasProblems: true, mayAskAgain: false }, 'leave_target'],
  ['wrong arguments are sent back', { finish: 'tool_calls', hasProblems: true }, 'repair'],
  ['a refusal is no wrong answer', { finish: 'refused', hasProblems: true }, 'deliver'],
  ['a truncated answer is given more room', { finish: 'truncated', hasProblems: true }, 'raise_limit'],
  ['… once', { finish: 'truncated', raised: true }, 'deliver'],
  ['… if the model has more', { finish: 'truncated', canRaise: false }, 'deliver'],
  ['… if there is time', { finish: 'truncated', mayAskAgain: false }, 'deliver'],
];

for (const [name, given, expected] of ANSWERS)
  test(`${name}: ${expected}`, () => assert.equal(answer(given), expected));
