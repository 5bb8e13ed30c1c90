// The promise to old books: a record that was ever released parses for ever, to what it was. Bodies are added here, never changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerKey } from './ledger.ts';
import { LedgerRecord, ledgerFilter, LEDGER_SUBJECTS, ledgerSubject } from './ledger.ts';

const ATTEMPT =
  '"user":"alice","workflow":"w1","request":"0123456789abcdef0123456789abcdef","attempt":1,"gateway":"g-1","kind":"first","provider":"openai","model":"gpt-4.1-mini","key_id":"9f86d081","at":"2026-11-22T10:00:00.000Z","expected":{"input_tokens":250,"output_tokens":4000}';

const RELEASED = [
  `{"phase":"begun",${ATTEMPT}}`,
  `{"phase":"begun",${ATTEMPT},"reservation":"r-1"}`,
  `{"phase":"ended",${ATTEMPT},"reservation":"r-1","duration_ms":812,"outcome":"ok","usage":{"input_tokens":250,"output_tokens":12,"cached_input_tokens":128},"estimated":false,"price_from":"2025-04-14","cost_nano_usd":80800}`,
  `{"phase":"ended",${ATTEMPT},"duration_ms":null,"outcome":"suspected_duplicate","usage":{"input_tokens":250,"output_tokens":2000},"estimated":true,"price_from":null,"cost_nano_usd":null}`,
  `{"phase":"ended",${ATTEMPT},"duration_ms":90,"outcome":"ok","usage":{"input_tokens":1,"output_tokens":2,"cached_input_tokens":3},"estimated":false,"inconsistent":true,"price_from":null,"cost_nano_usd":null}`,
];

for (const [index, body] of RELEASED.entries()) {
  test(`the released ledger record ${index + 1} still parses, and is written again as the same bytes`, () => {
    assert.equal(JSON.stringify(LedgerRecord.parse(JSON.parse(body))), body);
  });
}

test('the records of one attempt share a subject, those of one request a filter, all of them the stream', () => {
  const key = LedgerRecord.parse(JSON.parse(RELEASED[0] ?? '')) satisfies LedgerKey;
  assert.equal(ledgerSubject(key, 2), `agents-ledger.alice.w1.${key.request}.2`);
  assert.equal(ledgerFilter(key), `agents-ledger.alice.w1.${key.request}.*`);
  assert.equal(LEDGER_SUBJECTS.split('.').length, ledgerSubject(key, 2).split('.').length);
});
