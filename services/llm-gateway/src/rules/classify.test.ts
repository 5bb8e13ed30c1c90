import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultClass } from './classify.ts';
import { classify, VERDICTS } from './classify.ts';
import type { ProviderFault } from './fault.ts';

const refused = (status: number | undefined, codes: string[] = [], message = ''): ProviderFault => ({
  kind: 'refused',
  status,
  codes,
  message,
  retryAfterMs: undefined,
});

/** What was seen, what it is, whether: retried at the target · counted by its breaker · passed on to the next target. */
const TABLE: readonly (readonly [ProviderFault, FaultClass, 'all' | 'one' | 'none', boolean, boolean])[] = [
  [
    refused(400, ['context_length_exceeded', 'invalid_request_error']),
    'context_too_long',
    'none',
    false,
    false,
  ],
  [
    refused(400, ['invalid_request_error'], 'prompt is too long: 210000 tokens'),
    'context_too_long',
    'none',
    false,
    false,
  ],
  [refused(undefined, ['model_context_window_exceeded']), 'context_too_long', 'none', false, false],
  [refused(400, ['content_policy_violation']), 'content_filtered', 'none', false, false],
  [refused(undefined, ['invalid_prompt']), 'content_filtered', 'none', false, false],
  [
    refused(400, ['unsupported_parameter', 'invalid_request_error']),
    'unsupported_request',
    'none',
    false,
    true,
  ],
  [
    refused(400, ['invalid_request_error'], 'messages: roles must alternate'),
    'request_rejected',
    'none',
    false,
    false,
  ],
  [refused(400), 'request_rejected', 'none', false, false],
  [refused(413, ['request_too_large']), 'request_rejected', 'none', false, false],
  [refused(422), 'request_rejected', 'none', false, false],
  [refused(undefined, ['invalid_request_error']), 'request_rejected', 'none', false, false],
  [
    refused(400, [], 'You have reached your specified API usage limits.'),
    'quota_exhausted',
    'none',
    false,
    true,
  ],
  [refused(402, ['billing_error']), 'quota_exhausted', 'none', false, true],
  [refused(429, ['insufficient_quota']), 'quota_exhausted', 'none', false, true],
  [
    refused(429, ['rate_limit_error', 'enforced_spend_limit_reached']),
    'quota_exhausted',
    'none',
    false,
    true,
  ],
  [refused(401, ['invalid_api_key', 'invalid_request_error']), 'unauthorized', 'none', false, true],
  [refused(403, ['permission_error']), 'forbidden', 'none', false, true],
  [refused(404, ['model_not_found', 'invalid_request_error']), 'unknown_model', 'none', false, true],
  [refused(429, ['rate_limit_exceeded', 'tokens']), 'rate_limited', 'all', false, true],
  [refused(429), 'rate_limited', 'all', false, true],
  [refused(503, ['slow_down']), 'rate_limited', 'all', false, true],
  [refused(undefined, ['rate_limit_error']), 'rate_limited', 'all', false, true],
  [refused(409), 'conflict', 'one', false, true],
  [refused(408), 'server_error', 'all', true, true],
  [refused(499), 'server_error', 'all', true, true],
  [refused(500, ['api_error']), 'server_error', 'all', true, true],
  [refused(502), 'server_error', 'all', true, true],
  [refused(503, ['server_is_overloaded']), 'server_error', 'all', true, true],
  [refused(504, ['timeout_error']), 'server_error', 'all', true, true],
  [refused(undefined, ['server_error']), 'server_error', 'all', true, true],
  [refused(undefined, ['never heard of']), 'server_error', 'all', true, true],
  [refused(529, ['overloaded_error']), 'overloaded', 'one', true, true],
  [refused(undefined, ['overloaded_error']), 'overloaded', 'one', true, true],
  [{ kind: 'unreachable' }, 'unreachable', 'all', true, true],
  [{ kind: 'timeout', waitingFor: 'first_content' }, 'no_content', 'none', true, true],
  [{ kind: 'timeout', waitingFor: 'more_content' }, 'stalled', 'one', true, true],
  [{ kind: 'cut' }, 'cut', 'one', true, true],
  [{ kind: 'malformed' }, 'malformed', 'one', true, true],
];

for (const [fault, name, retries, counts, fallback] of TABLE) {
  const seen =
    fault.kind === 'refused'
      ? `${fault.status} ${fault.codes.join()} ${fault.message}`
      : JSON.stringify(fault);
  test(`${seen.trim()} is ${name}`, () => {
    assert.equal(classify(fault), name);
    assert.deepEqual(VERDICTS[name], { retries, counts, fallback });
  });
}
