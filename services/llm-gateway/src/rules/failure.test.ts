import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetFailure } from './failure.ts';
import { failureOf } from './failure.ts';

const at = (reason: TargetFailure['reason'], attempts = 1, status?: number): TargetFailure => ({
  target: 'openai/gpt-4.1-mini',
  reason,
  status,
  attempts,
  retryAfterMs: undefined,
});

/** What each target of the chain did, and the code that the run fails with. */
const CODES: readonly (readonly [TargetFailure[], string])[] = [
  [[at('server_error', 4, 500), at('request_rejected', 1, 400)], 'providers_unavailable'],
  [[at('cut', 2), at('content_filtered')], 'providers_unavailable'],
  [[at('request_rejected')], 'request_rejected'],
  [[at('context_too_long'), at('server_error')], 'context_too_long'],
  // The first target was not asked: what the second one found is the cause.
  [[at('circuit_open', 0), at('request_rejected')], 'request_rejected'],
  [[at('circuit_open', 0), at('circuit_open', 0)], 'providers_unavailable'],
  [[at('unauthorized'), at('revoked', 0)], 'credentials_exhausted'],
  [[at('unauthorized'), at('forbidden')], 'providers_unavailable'],
  [[at('overloaded', 0), at('overloaded', 0)], 'overloaded'],
  // The vendor's overload, not ours.
  [[at('overloaded', 2, 529), at('overloaded', 0)], 'providers_unavailable'],
  [[at('price_unknown', 0), at('price_unknown', 0)], 'price_unknown'],
  [[at('price_unknown', 0), at('server_error')], 'providers_unavailable'],
  [[at('price_unknown', 0), at('overloaded', 0)], 'overloaded'],
  [[at('no_time', 0)], 'deadline_unreachable'],
  [[at('schema_violation', 2), at('schema_violation', 2)], 'schema_violation'],
];

for (const [failures, code] of CODES)
  test(`${failures.map(({ reason, attempts }) => `${reason} ×${attempts}`).join(', ')} is ${code}`, () => {
    assert.equal(failureOf(failures).code, code);
  });

test('the message names every target with what it did', () => {
  assert.equal(
    failureOf([at('server_error', 4, 503), at('request_rejected', 1, 400)]).message,
    'No provider gave a whole answer: openai/gpt-4.1-mini: server_error (503) after 4 attempts; ' +
      'openai/gpt-4.1-mini: request_rejected (400) after 1 attempt.',
  );
});
