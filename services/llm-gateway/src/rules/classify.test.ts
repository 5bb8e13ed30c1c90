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

/** What was seen, and what it is. What follows from that stands in the table below and in next-step.test.ts. */
const TABLE: readonly (readonly [ProviderFault, FaultClass])[] = [
  [refused(400, ['context_length_exceeded', 'invalid_request_error']), 'context_too_long'],
  [refused(400, ['invalid_request_error'], 'prompt is too long: 210000 tokens'), 'context_too_long'],
  [refused(undefined, ['model_context_window_exceeded']), 'context_too_long'],
  [refused(400, ['content_policy_violation']), 'content_filtered'],
  [refused(400, ['invalid_request_error'], 'Output blocked by content filtering policy'), 'content_filtered'],
  [refused(undefined, ['invalid_prompt']), 'content_filtered'],
  [refused(400, ['unsupported_parameter', 'invalid_request_error']), 'unsupported_request'],
  [refused(400, ['unknown_parameter', 'invalid_request_error'], 'Unknown parameter.'), 'unsupported_request'],
  [refused(400, ['invalid_request_error'], 'top_k: Extra inputs are not permitted'), 'unsupported_request'],
  [refused(400, ['invalid_request_error'], 'this model does not support tools'), 'unsupported_request'],
  [refused(400, [], 'Unrecognized request argument supplied: seed'), 'unsupported_request'],
  [refused(400, ['invalid_request_error'], 'messages: roles must alternate'), 'request_rejected'],
  [refused(422, [], 'this field is not supported'), 'request_rejected'],
  [refused(400, ['invalid_request_error'], 'tool_use_id: unknown id'), 'request_rejected'],
  [refused(400), 'request_rejected'],
  [refused(413, ['request_too_large']), 'request_rejected'],
  [refused(422), 'request_rejected'],
  [refused(undefined, ['invalid_request_error']), 'request_rejected'],
  [refused(400, [], 'You have reached your specified API usage limits.'), 'quota_exhausted'],
  [refused(402, ['billing_error']), 'quota_exhausted'],
  [refused(429, ['insufficient_quota']), 'quota_exhausted'],
  [refused(429, ['rate_limit_error', 'enforced_spend_limit_reached']), 'quota_exhausted'],
  [refused(401, ['invalid_api_key', 'invalid_request_error']), 'unauthorized'],
  [refused(403, ['permission_error']), 'forbidden'],
  [refused(404, ['model_not_found', 'invalid_request_error']), 'unknown_model'],
  [refused(429, ['rate_limit_exceeded', 'tokens']), 'rate_limited'],
  [refused(429), 'rate_limited'],
  [refused(503, ['slow_down']), 'rate_limited'],
  [refused(undefined, ['rate_limit_error']), 'rate_limited'],
  [refused(409), 'conflict'],
  [refused(408), 'server_error'],
  [refused(499), 'server_error'],
  [refused(500, ['api_error']), 'server_error'],
  [refused(502), 'server_error'],
  [refused(503, ['server_is_overloaded']), 'server_error'],
  [refused(504, ['timeout_error']), 'server_error'],
  [refused(undefined, ['server_error']), 'server_error'],
  [refused(undefined, ['never heard of']), 'server_error'],
  [refused(529, ['overloaded_error']), 'overloaded'],
  [refused(undefined, ['overloaded_error']), 'overloaded'],
  [refused(307), 'malformed'],
  [{ kind: 'unreachable' }, 'unreachable'],
  [{ kind: 'reset' }, 'reset'],
  [{ kind: 'timeout', waitingFor: 'first_byte' }, 'no_response'],
  [{ kind: 'timeout', waitingFor: 'first_content' }, 'no_content'],
  [{ kind: 'timeout', waitingFor: 'more_content' }, 'stalled'],
  [{ kind: 'timeout', waitingFor: 'whole_answer' }, 'out_of_time'],
  [{ kind: 'cut' }, 'cut'],
  [{ kind: 'malformed' }, 'malformed'],
];

for (const [fault, name] of TABLE) {
  const seen =
    fault.kind === 'refused'
      ? `${fault.status} ${fault.codes.join()} ${fault.message}`
      : JSON.stringify(fault);
  test(`${seen.trim()} is ${name}`, () => assert.equal(classify(fault), name));
}

/** Retries at the target · other keys · what it says of the target's health · who else may be asked. */
const MEANINGS: Readonly<Record<FaultClass, string>> = {
  context_too_long: 'none none unknown larger_context',
  content_filtered: 'none none unknown none',
  request_rejected: 'none none unknown none',
  unsupported_request: 'none none unknown any',
  unauthorized: 'none all unknown any',
  quota_exhausted: 'none all unknown any',
  forbidden: 'none one unknown any',
  unknown_model: 'none one unknown any',
  rate_limited: 'all all unknown any',
  conflict: 'one none unknown any',
  server_error: 'all none bad any',
  unreachable: 'all none bad any',
  reset: 'all none bad any',
  overloaded: 'one none bad any',
  stalled: 'one none bad any',
  cut: 'one none bad any',
  malformed: 'one none bad any',
  no_response: 'none none bad any',
  no_content: 'none none slow any',
  out_of_time: 'none none unknown any',
};

for (const [name, meaning] of Object.entries(MEANINGS))
  test(`${name} means: ${meaning}`, () => {
    const { retries, keys, health, fallback } = VERDICTS[name as FaultClass];
    assert.equal([retries, keys, health, fallback].join(' '), meaning);
  });
