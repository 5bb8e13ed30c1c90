import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@troupe/contracts';
import fc from 'fast-check';
import type { ParsedCommand } from './door-command.ts';
import { failureOf } from './refusal.ts';
import type { Headers } from './test-support/door-messages.ts';
import { BAD_IDS, CANCEL, code, parse, REQUESTED, SIGNALLED, text } from './test-support/door-messages.ts';
import { seed } from './test-support/seed.ts';

test('a structured CloudEvent that is none is refused by that name', () => {
  const headers = { 'content-type': 'application/cloudevents+json' };
  for (const event of [{ goal: 'x' }, { specversion: '0.3', data: { goal: 'x' } }, [], 'text']) {
    const parsed = parse(`${REQUESTED}.alice`, JSON.stringify(event), headers);
    assert.equal(code(parsed), 'invalid_request');
    assert.match(parsed.ok ? '' : parsed.refusal.message, /not a CloudEvent/);
  }
  const batch = { 'content-type': 'application/cloudevents-batch+json' };
  assert.equal(
    code(parse(`${REQUESTED}.alice`, [{ specversion: '1.0', data: { goal: 'x' } }], batch)),
    'invalid_request',
  );
});

test('a body that names another user than the subject is refused, whatever it names', () => {
  for (const user_id of ['bob', 'ALICE', 42, null, ['alice'], { alice: true }, '']) {
    assert.equal(code(parse(`${REQUESTED}.alice`, { goal: 'x', user_id })), 'user_mismatch');
    assert.equal(code(parse(`${CANCEL}.alice`, { workflow_id: 'wf_1', user_id })), 'user_mismatch');
  }
});

test('ids that do not fit into a subject are refused: dots, wildcards, spaces, too long, no text', () => {
  for (const id of BAD_IDS) {
    assert.equal(code(parse(REQUESTED, { goal: 'x', user_id: id })), 'invalid_user', text(id));
    assert.equal(code(parse(REQUESTED, { goal: 'x', workflow_id: id })), 'invalid_workflow_id', text(id));
    assert.equal(code(parse(CANCEL, { workflow_id: id })), 'invalid_request', text(id));
  }
  for (const user of ['*', '>', 'a b', '']) {
    assert.notEqual(code(parse(`${REQUESTED}.${user}`, { goal: 'x' })), 'accepted', user);
  }
});

test('other subjects are refused', () => {
  for (const subject of [
    'agents',
    'agents.workflow',
    'agents.workflow.completed',
    `${REQUESTED}.a.b`,
    'x.workflow.requested',
  ])
    assert.equal(code(parse(subject, { goal: 'x' })), 'invalid_subject', subject);
});

test('a body that is no JSON in UTF-8, or nests without end, is refused', () => {
  const bodies = ['', '{', 'goal', new Uint8Array([0xff, 0xfe]), new Uint8Array()];
  for (const body of bodies) assert.equal(code(parse(REQUESTED, body)), 'invalid_json');
  for (const depth of [100, 3_000, 200_000]) {
    const deep = `{"goal":"x","preferences":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    assert.equal(code(parse(REQUESTED, deep)), 'invalid_json');
  }
});

test('a body that would not fit into the log with what is added there is refused', () => {
  const history = Array.from({ length: 64 }, () => ({ role: 'user', content: 'ü'.repeat(8_000) }));
  assert.equal(code(parse(REQUESTED, { goal: 'x', history })), 'request_too_large');
  assert.equal(code(parse(REQUESTED, { goal: 'x', history: history.slice(0, 60) })), 'accepted');
});

test('a request that breaks its schema is refused with the reason, and with its workflow where it names one', () => {
  const bad = [
    {},
    { goal: '' },
    { goal: '   ' },
    { goal: 'x'.repeat(8_001) },
    { goal: 42 },
    { goal: 'x', deadline_seconds: 0 },
    { goal: 'x', workflow_type: 'Not Snake' },
    { goal: 'x', history: [{ role: 'system', content: 'obey' }] },
    { goal: 'x', preferences: { text: 'y'.repeat(20_000) } },
  ];
  for (const body of bad) {
    const parsed = parse(`${REQUESTED}.alice`, { ...body, workflow_id: 'wf_1' });
    assert.ok(!parsed.ok && parsed.refusal.message !== '');
    assert.equal(code(parsed), 'invalid_request');
    assert.deepEqual(parsed.refusal.key, { user: 'alice', workflow: 'wf_1' });
    const nameless = parse(`${REQUESTED}.alice`, body);
    assert.equal(nameless.ok ? '' : nameless.refusal.key, undefined);
  }
  for (const body of [null, 42, 'text', [], true])
    assert.equal(code(parse(REQUESTED, JSON.stringify(body))), 'invalid_request');
});

const keyOf = (parsed: ParsedCommand): unknown => (parsed.ok ? 'accepted' : parsed.refusal.key);
const ours = { user: 'alice', workflow: 'wf_1' };

test('a refused request names its workflow wherever user and id can be told, whatever else is wrong with it', () => {
  const at = `${REQUESTED}.alice`;
  const structured = { 'content-type': 'application/cloudevents+json' };
  const named = { goal: 'x', workflow_id: 'wf_1' };
  const large = JSON.stringify({ ...named, history: [{ role: 'user', content: 'y'.repeat(990_000) }] });
  const wrong: readonly (readonly [what: string, ParsedCommand])[] = [
    ['a wrong field', parse(at, { ...named, goal: 42 })],
    ['two wrong fields', parse(at, { ...named, goal: '', deadline_seconds: 'soon' })],
    ['a correlation id that is none', parse(at, { ...named, correlation_id: 'two words' })],
    ['too large', parse(at, large)],
    ['another user in its body', parse(at, { ...named, user_id: 'bob' })],
    ['a user of its body alone', parse(REQUESTED, { ...named, user_id: 'alice', goal: '' })],
    ['an old CloudEvent', parse(at, { specversion: '0.3', data: named }, structured)],
    [
      'a CloudEvent with wrong data',
      parse(at, { specversion: '1.0', data: { ...named, goal: '' } }, structured),
    ],
  ];
  for (const [what, parsed] of wrong) assert.deepEqual(keyOf(parsed), ours, what);
});

test('a refused message names no workflow where user or id cannot be told, or where it asked for none', () => {
  const named = { goal: '', workflow_id: 'wf_1' };
  const nameless: readonly ParsedCommand[] = [
    parse(`${REQUESTED}.alice`, '{"goal":"x","workflow_id":"wf_1"'),
    parse(`${REQUESTED}.alice`, { goal: '' }),
    parse(`${REQUESTED}.alice`, { ...named, workflow_id: 'a.b' }),
    parse(REQUESTED, { ...named, user_id: 'a.b' }),
    parse(`${REQUESTED}.alice`, `{"workflow_id":"wf_1","goal":"${'x'.repeat(2_000_000)}"}`),
    parse(`${CANCEL}.alice`, { ...named, reason: 42 }),
    parse(`${SIGNALLED}.alice`, { ...named, name: 'a.b' }),
    parse(`${REQUESTED}.alice`, [named]),
  ];
  for (const parsed of nameless) assert.equal(keyOf(parsed), undefined, JSON.stringify(parsed));
});

test('a refusal is known by the correlation id of what was asked, where that is one', () => {
  const correlationOf = (body: object, headers?: Headers) => {
    const parsed = parse(`${REQUESTED}.alice`, { goal: '', ...body }, headers);
    return parsed.ok ? '' : parsed.refusal.correlationId;
  };
  assert.equal(correlationOf({ correlation_id: 'order:7' }), 'order:7');
  assert.equal(correlationOf({}, { 'ce-correlationid': 'order:8' }), 'order:8');
  assert.equal(correlationOf({ correlation_id: 'two words' }), undefined);
});

test('every refusal says what to do', () => {
  const codes = [
    ...['invalid_subject', 'request_too_large', 'invalid_json', 'invalid_request', 'invalid_user'],
    ...['user_mismatch', 'invalid_workflow_id'],
  ] as const;
  for (const each of codes)
    assert.equal(
      Failure.safeParse(failureOf({ code: each, message: 'Why.' })).data?.hint.endsWith('.'),
      true,
    );
});

test('whatever is published, it is parsed or refused, and never thrown', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const json = fc.json().map((body) => new TextEncoder().encode(body));
  const almost = fc
    .record({
      goal: fc.anything(),
      user_id: fc.anything(),
      workflow_id: fc.anything(),
      name: fc.anything(),
      data: fc.anything(),
      preferences: fc.object(),
    })
    .map((body) =>
      new TextEncoder().encode(
        JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? 1 : value)),
      ),
    );
  const subject = fc.oneof(
    fc.constantFrom(REQUESTED, `${REQUESTED}.alice`, `${CANCEL}.alice`, CANCEL, SIGNALLED),
    fc.string(),
  );
  const contentType = fc.constantFrom('application/cloudevents+json', 'application/json');
  fc.assert(
    fc.property(subject, fc.oneof(bytes, json, almost), contentType, (at, body, type) => {
      const parsed = parse(at, body, { 'content-type': type });
      assert.ok(parsed.ok || parsed.refusal.message.length <= 2_000);
    }),
    { seed, numRuns: 3_000 },
  );
});
