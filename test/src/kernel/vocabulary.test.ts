// The vocabulary against arbitrary and hostile values: ids, subjects, JSON, and the bytes of an event.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  abortSubject,
  canonicalJson,
  decodeEvent,
  doorSubject,
  encodeData,
  encodeEvent,
  eventId,
  EXPECTED_LAST,
  firedSubject,
  hashOf,
  JsonObject,
  logSubject,
  parseAbortSubject,
  parseDoorSubject,
  parseFiredSubject,
  parseLogSubject,
  parseRpcUser,
  rpcSubject,
  shardOf,
  SHARDS,
  SUBJECT_ID,
  UserId,
  WorkflowId,
} from '@troupe/contracts';
import type { WorkflowKey } from '@troupe/contracts';
import { parseReply } from '../../../shared/src/nats/delivery.ts';
import { draftOf, someWorkflow } from '../support/events.ts';
import { holds } from '../support/property.ts';

const RUNS = 300;
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const key = fc.record(
  { user: id.map((text) => UserId.parse(text)), workflow: id.map((text) => WorkflowId.parse(text)) },
  { noNullPrototype: true },
);
const hostile = fc.oneof(
  fc.constantFrom(
    '',
    '*',
    '>',
    '.',
    ' ',
    'a b',
    'a.b',
    '$SYS',
    'ä',
    'a\n',
    '\u0000',
    'a'.repeat(65),
    'ａ',
    '💥',
  ),
  fc.string({ unit: 'grapheme' }).filter((text) => !SUBJECT_ID.test(text)),
);

test('an id is 1 to 64 characters of a closed alphabet, and nothing else is one', async (t) => {
  await holds(
    t,
    fc.property(id, (text) => void UserId.parse(text)),
    RUNS,
  );
  const refused = fc.property(hostile, (text) => {
    assert.ok(!UserId.safeParse(text).success);
    assert.ok(!WorkflowId.safeParse(text).success);
  });
  await holds(t, refused, RUNS);
});

test('what is parsed of a subject is what it was built of', async (t) => {
  const property = fc.property(key, id, (workflow, name) => {
    const shard = shardOf(workflow.workflow);
    assert.ok(Number.isInteger(shard) && shard >= 0 && shard < SHARDS);
    const type = 'tool.requested';
    assert.deepEqual(parseLogSubject(logSubject(type, workflow)), { type, shard, ...workflow });
    assert.deepEqual(parseFiredSubject(firedSubject(workflow, name)), { ...workflow, timer: name });
    assert.deepEqual(parseAbortSubject(abortSubject(workflow)), workflow);
    assert.equal(parseRpcUser(rpcSubject('memory', 'search', workflow.user)), workflow.user);
    assert.deepEqual(parseDoorSubject(doorSubject(type, workflow.user)), { type, user: workflow.user });
  });
  await holds(t, property, RUNS);
});

test('a subject with a hostile user or workflow has no parts', async (t) => {
  const property = fc.property(hostile, id, (bad, good) => {
    for (const tokens of [
      { user: bad, workflow: good },
      { user: good, workflow: bad },
    ] as WorkflowKey[]) {
      assert.equal(parseLogSubject(`agents.tool.requested.3.${tokens.user}.${tokens.workflow}`), undefined);
      assert.equal(parseFiredSubject(firedSubject(tokens, 'deadline')), undefined);
      assert.equal(parseAbortSubject(abortSubject(tokens)), undefined);
    }
    assert.equal(parseRpcUser(rpcSubject('memory', 'search', bad as UserId)), undefined);
  });
  await holds(t, property, RUNS);
});

test('any text that is no subject of ours has no parts, and parsing it never throws', async (t) => {
  const property = fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
    for (const parse of [parseLogSubject, parseFiredSubject, parseAbortSubject, parseRpcUser])
      assert.equal(parse(text), undefined);
    parseDoorSubject(text);
  });
  await holds(t, property, RUNS);
});

/** The same value with the members of every object in another order. */
function shuffled(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(shuffled);
  const members = Object.entries(value).map(([name, member]) => [name, shuffled(member)]);
  return Object.fromEntries(members.reverse() as [string, unknown][]);
}

test('the canonical text of a value reads as the value and does not depend on the order of its members', async (t) => {
  const property = fc.property(fc.jsonValue(), (value) => {
    const text = canonicalJson(value);
    assert.equal(canonicalJson(shuffled(value)), text);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    assert.equal(hashOf(JSON.parse(text)), hashOf(value));
  });
  await holds(t, property, RUNS);
});

test('event ids tell causes and names apart', async (t) => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '0', '_'), minLength: 1, maxLength: 3 });
  const cause = fc.constantFrom('0'.repeat(32), 'f'.repeat(32), '0123456789abcdef0123456789abcdef');
  const property = fc.property(cause, name, cause, name, (c1, n1, c2, n2) => {
    assert.equal(eventId(c1, n1) === eventId(c2, n2), c1 === c2 && n1 === n2);
  });
  await holds(t, property, RUNS);
});

test('free JSON in an event comes back as it was, and is written again as the same bytes', async (t) => {
  const json = fc
    .dictionary(fc.string(), fc.jsonValue())
    .filter((value) => JsonObject.safeParse(value).success);
  const property = fc.property(json, (args) => {
    const example = { call_id: 'c', tool: { name: 'look', hash: '0'.repeat(64) } };
    const data = { ...example, arguments: args as JsonObject };
    const draft = draftOf('tool.requested', someWorkflow(), { name: 'call', data });
    const { subject, headers, body } = encodeEvent(draft, 1, new Date());
    const header = (name: string): string | undefined => (name === EXPECTED_LAST ? '0' : headers[name]);
    const event = decodeEvent({ subject, header, body: new TextEncoder().encode(body), seq: 1, storedAt: 0 });
    assert.ok(event.type === 'tool.requested');
    assert.equal(encodeData(event), body);
  });
  await holds(t, property, RUNS);
});

test('the time in an ack subject is cut to the millisecond like the time in a read, for any nanosecond', async (t) => {
  const property = fc.property(fc.bigInt({ min: 1n, max: 4_000_000_000_000_000_000n }), (nanoseconds) => {
    const { storedAt } = parseReply(`$JS.ACK.AGENTS.memory.1.2.3.${nanoseconds}.4`);
    const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1_000).toISOString().slice(0, 19);
    const fraction = String(nanoseconds % 1_000_000_000n)
      .padStart(9, '0')
      .replace(/0+$/, '');
    assert.equal(storedAt, Date.parse(`${seconds}${fraction === '' ? '' : `.${fraction}`}Z`));
  });
  await holds(t, property, 1_000);
});
