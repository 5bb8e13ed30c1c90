// What an ack subject tells of a delivery, in both of the server's forms.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReply } from './delivery.ts';

const facts = { attempt: 2, seq: 77, storedAt: 1_763_800_000_123 };

test('the form of nine tokens', () => {
  assert.deepEqual(parseReply('$JS.ACK.AGENTS.planner-3.2.77.80.1763800000123456789.5'), facts);
});

test('the form with domain and account hash, with and without its random end', () => {
  const reply = '$JS.ACK.hub.ACChash.AGENTS.planner-3.2.77.80.1763800000123999999.5';
  assert.deepEqual(parseReply(reply), facts);
  assert.deepEqual(parseReply(`${reply}.rnd`), facts);
  assert.deepEqual(parseReply(reply.replace('.hub.', '._.')), facts);
});

test('the time is cut, never rounded, and loses no millisecond to a float', () => {
  for (const millisecond of [1_763_800_000_001, 1_763_800_000_999, 4_000_000_000_000]) {
    for (const nanoseconds of ['000000', '499999', '999999'])
      assert.equal(parseReply(`$JS.ACK.S.C.1.1.1.${millisecond}${nanoseconds}.0`).storedAt, millisecond);
  }
});
