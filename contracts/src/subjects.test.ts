// Subjects are built and parsed in one place: what is parsed is what was built, and no hostile token becomes an id.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SUBJECT_ID, UserId, WorkflowId } from './ids.ts';
import type { WorkflowKey } from './ids.ts';
import {
  abortSubject,
  doorSubject,
  firedSubject,
  logSubject,
  parseAbortSubject,
  parseDoorSubject,
  parseFiredSubject,
  parseLogSubject,
  parseRpcUser,
  rpcSubject,
  shardOf,
  SHARDS,
} from './subjects.ts';
import { holds } from './test-support/holds.ts';

const ALPHABET = [...'ABCXYZabcxyz0189_-'];
const id = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 1, maxLength: 64 });
const key = fc.record({ user: id.map((text) => UserId.parse(text)), workflow: id.map((text) => WorkflowId.parse(text)) });
const hostile = fc.oneof(
  fc.constantFrom('', '*', '>', '.', ' ', 'a b', 'a.b', '$SYS', 'ä', 'a\n', '\u0000', 'a'.repeat(65), 'ａ', '💥'),
  fc.string({ unit: 'grapheme' }).filter((text) => !SUBJECT_ID.test(text)),
);

test('an id is 1 to 64 characters of a closed alphabet, and nothing else is one', (t) => {
  holds(t, fc.property(id, (text) => void UserId.parse(text)));
  const refused = fc.property(hostile, (text) => {
    assert.ok(!UserId.safeParse(text).success);
    assert.ok(!WorkflowId.safeParse(text).success);
  });
  holds(t, refused);
});

test('what is parsed of a subject is what it was built of', (t) => {
  const property = fc.property(key, id, (workflow, name) => {
    const shard = shardOf(workflow.workflow);
    assert.deepEqual(parseLogSubject(logSubject('tool.requested', workflow)), {
      type: 'tool.requested',
      shard,
      ...workflow,
    });
    assert.deepEqual(parseFiredSubject(firedSubject(workflow, name)), { ...workflow, timer: name });
    assert.deepEqual(parseAbortSubject(abortSubject(workflow)), workflow);
    assert.equal(parseRpcUser(rpcSubject('memory', 'search', workflow.user)), workflow.user);
    assert.deepEqual(parseDoorSubject(doorSubject('workflow.requested', workflow.user)), {
      type: 'workflow.requested',
      user: workflow.user,
    });
    assert.ok(shard >= 0 && shard < SHARDS);
  });
  holds(t, property);
});

test('a subject with a hostile user or workflow has no parts', (t) => {
  const property = fc.property(hostile, id, (bad, good) => {
    for (const [user, workflow] of [
      [bad, good],
      [good, bad],
    ]) {
      const tokens = { user, workflow } as WorkflowKey;
      assert.equal(parseLogSubject(`agents.tool.requested.3.${user}.${workflow}`), undefined);
      assert.equal(parseFiredSubject(firedSubject(tokens, 'deadline')), undefined);
      assert.equal(parseAbortSubject(abortSubject(tokens)), undefined);
    }
    assert.equal(parseRpcUser(rpcSubject('memory', 'search', bad as UserId)), undefined);
  });
  holds(t, property);
});

test('any other subject has no parts either, and parsing never throws', (t) => {
  const property = fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
    for (const parse of [parseLogSubject, parseFiredSubject, parseAbortSubject, parseRpcUser])
      assert.equal(parse(text), undefined);
  });
  holds(t, property);
  for (const subject of [
    'agents.tool.requested.x.alice.wf',
    'agents.tool.requested.1.alice',
    'agents.tool.requested.1.alice.wf.more',
    'other.tool.requested.1.alice.wf',
    'agents..requested.1.alice.wf',
  ])
    assert.equal(parseLogSubject(subject), undefined);
});

test('the shard of an id is fixed for ever, since it stands in stored subjects', () => {
  const known = ['wf_1', 'a', 'B', '-', '_', 'order-42', 'wf_0123456789abcdef0123', 'x'.repeat(64)];
  assert.deepEqual(
    known.map((workflow) => shardOf(workflow as WorkflowId)),
    [4, 4, 5, 0, 6, 4, 1, 5],
  );
});
