import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Heard, Wish } from './knock.ts';
import { hear } from './knock.ts';
import { seed } from './test-support/seed.ts';

const REQUESTED = 'agents.workflow.requested';
const CANCEL = 'agents.workflow.cancel_requested';

type Headers = Readonly<Record<string, string>>;
const knock = (subject: string, body: unknown, headers: Headers = {}): Heard =>
  hear({
    subject,
    header: (name) => headers[name],
    body: body instanceof Uint8Array ? body : new TextEncoder().encode(text(body)),
  });
const text = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

type Requested = Extract<Wish, { type: 'workflow.requested' }>;
function wish(heard: Heard): Requested {
  assert.ok(heard.ok, JSON.stringify(heard));
  assert.equal(heard.wish.type, 'workflow.requested');
  return heard.wish;
}
const code = (heard: Heard): string => (heard.ok ? 'accepted' : heard.refusal.code);

test('bare JSON is a request, with defaults for everything but the goal', () => {
  assert.deepEqual(wish(knock(`${REQUESTED}.alice`, { goal: ' Read the total ' })), {
    type: 'workflow.requested',
    user: 'alice',
    workflow: undefined,
    correlationId: undefined,
    traceparent: undefined,
    request: { goal: 'Read the total', workflow_type: 'automation', deadline_seconds: 900 },
  });
});

test('a binary CloudEvent is the same, and its headers carry correlation and trace', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const headers = {
    'ce-specversion': '1.0',
    'ce-type': 'workflow.requested',
    'content-type': 'application/json',
    'ce-correlationid': 'order:7',
    traceparent,
  };
  const heard = wish(knock(`${REQUESTED}.alice`, { goal: 'x', workflow_id: 'wf_1' }, headers));
  assert.equal(heard.workflow, 'wf_1');
  assert.equal(heard.correlationId, 'order:7');
  assert.equal(heard.traceparent, traceparent);
});

test('a structured CloudEvent is the same, however its content type is spelled', () => {
  const event = {
    specversion: '1.0',
    id: '1',
    type: 't',
    source: 's',
    correlationid: 'c-1',
    data: { goal: 'x' },
  };
  for (const headers of [
    { 'content-type': 'application/cloudevents+json' },
    { 'Content-Type': 'Application/CloudEvents+JSON; charset=utf-8' },
  ]) {
    const heard = wish(knock(`${REQUESTED}.alice`, event, headers));
    assert.equal(heard.request.goal, 'x');
    assert.equal(heard.correlationId, 'c-1');
  }
});

test('a structured CloudEvent that is none is refused by that name', () => {
  const headers = { 'content-type': 'application/cloudevents+json' };
  for (const event of [{ goal: 'x' }, { specversion: '0.3', data: { goal: 'x' } }, [], 'text']) {
    const heard = knock(`${REQUESTED}.alice`, JSON.stringify(event), headers);
    assert.equal(code(heard), 'invalid_request');
    assert.match(heard.ok ? '' : heard.refusal.message, /not a CloudEvent/);
  }
  const batch = { 'content-type': 'application/cloudevents-batch+json' };
  assert.equal(
    code(knock(`${REQUESTED}.alice`, [{ specversion: '1.0', data: { goal: 'x' } }], batch)),
    'invalid_request',
  );
});

test("the body's correlation id goes before the header's; one that is malformed is dropped from a header and refused in a body", () => {
  const headers = { 'ce-correlationid': 'header' };
  assert.equal(wish(knock(REQUESTED, { goal: 'x', correlation_id: 'body' }, headers)).correlationId, 'body');
  assert.equal(
    wish(knock(REQUESTED, { goal: 'x' }, { 'ce-correlationid': 'two words' })).correlationId,
    undefined,
  );
  assert.equal(code(knock(REQUESTED, { goal: 'x', correlation_id: 'two words' })), 'invalid_request');
});

test('a trace header that is no W3C trace context is dropped: it would go into every event of the run', () => {
  for (const traceparent of ['', 'x', `00-${'A'.repeat(32)}-${'b'.repeat(16)}-01`, 'a'.repeat(60_000)]) {
    assert.equal(wish(knock(REQUESTED, { goal: 'x' }, { traceparent })).traceparent, undefined);
  }
});

test('nothing else of the headers goes further', () => {
  const headers = {
    'Nats-Rollup': 'all',
    'Nats-Schedule': '@at 2026-01-01T00:00:00Z',
    'Nats-Msg-Id': '1',
    'ce-id': '7',
  };
  assert.deepEqual(
    knock(`${REQUESTED}.alice`, { goal: 'x' }, headers),
    knock(`${REQUESTED}.alice`, { goal: 'x' }),
  );
});

test('the user is who the subject says; else who the body says; else local', () => {
  assert.equal(wish(knock(`${REQUESTED}.alice`, { goal: 'x' })).user, 'alice');
  assert.equal(wish(knock(`${REQUESTED}.alice`, { goal: 'x', user_id: 'alice' })).user, 'alice');
  assert.equal(wish(knock(REQUESTED, { goal: 'x', user_id: 'bob' })).user, 'bob');
  assert.equal(wish(knock(REQUESTED, { goal: 'x' })).user, 'local');
});

test('a body that names another user than the subject is refused, whatever it names', () => {
  for (const user_id of ['bob', 'ALICE', 42, null, ['alice'], { alice: true }, '']) {
    assert.equal(code(knock(`${REQUESTED}.alice`, { goal: 'x', user_id })), 'user_mismatch');
    assert.equal(code(knock(`${CANCEL}.alice`, { workflow_id: 'wf_1', user_id })), 'user_mismatch');
  }
});

const BAD_IDS = ['a.b', '*', '>', 'a b', '', 'é', 'a\n', 'x'.repeat(65), 42, {}, ['a']];

test('ids that do not fit into a subject are refused: dots, wildcards, spaces, too long, no text', () => {
  for (const id of BAD_IDS) {
    assert.equal(code(knock(REQUESTED, { goal: 'x', user_id: id })), 'invalid_user', text(id));
    assert.equal(code(knock(REQUESTED, { goal: 'x', workflow_id: id })), 'invalid_workflow_id', text(id));
    assert.equal(code(knock(CANCEL, { workflow_id: id })), 'invalid_request', text(id));
  }
  for (const user of ['*', '>', 'a b', '']) {
    assert.notEqual(code(knock(`${REQUESTED}.${user}`, { goal: 'x' })), 'accepted', user);
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
    assert.equal(code(knock(subject, { goal: 'x' })), 'invalid_subject', subject);
});

test('a body that is no JSON in UTF-8, or nests without end, is refused', () => {
  const bodies = ['', '{', 'goal', new Uint8Array([0xff, 0xfe]), new Uint8Array()];
  for (const body of bodies) assert.equal(code(knock(REQUESTED, body)), 'invalid_json');
  for (const depth of [100, 3_000, 200_000]) {
    const deep = `{"goal":"x","preferences":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    assert.equal(code(knock(REQUESTED, deep)), 'invalid_json');
  }
});

test('a body that would not fit into the log with what is added there is refused', () => {
  const history = Array.from({ length: 64 }, () => ({ role: 'user', content: 'ü'.repeat(8_000) }));
  assert.equal(code(knock(REQUESTED, { goal: 'x', history })), 'request_too_large');
  assert.equal(code(knock(REQUESTED, { goal: 'x', history: history.slice(0, 60) })), 'accepted');
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
    const heard = knock(`${REQUESTED}.alice`, { ...body, workflow_id: 'wf_1' });
    assert.ok(!heard.ok && heard.refusal.message !== '');
    assert.equal(code(heard), 'invalid_request');
    assert.deepEqual(heard.refusal.key, { user: 'alice', workflow: 'wf_1' });
    const nameless = knock(`${REQUESTED}.alice`, body);
    assert.equal(nameless.ok ? '' : nameless.refusal.key, undefined);
  }
  for (const body of [null, 42, 'text', [], true])
    assert.equal(code(knock(REQUESTED, JSON.stringify(body))), 'invalid_request');
});

test('a cancellation names user, workflow and perhaps a reason', () => {
  assert.deepEqual(knock(`${CANCEL}.alice`, { workflow_id: 'wf_1', reason: 'no longer needed' }), {
    ok: true,
    wish: { type: 'workflow.cancel_requested', user: 'alice', workflow: 'wf_1', reason: 'no longer needed' },
  });
  assert.equal(code(knock(`${CANCEL}.alice`, {})), 'invalid_request');
  assert.equal(
    code(knock(`${CANCEL}.alice`, { workflow_id: 'wf_1', reason: 'x'.repeat(501) })),
    'invalid_request',
  );
});

test('keys that mean something to JavaScript mean nothing here', () => {
  const heard = wish(
    knock(REQUESTED, '{"goal":"x","__proto__":{"user_id":"eve"},"preferences":{"__proto__":{"a":1}}}'),
  );
  assert.equal(heard.user, 'local');
  assert.equal(({} as Record<string, unknown>)['a'], undefined);
});

test('whatever is published, it is heard or refused, and never thrown', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const json = fc.json().map((body) => new TextEncoder().encode(body));
  const almost = fc
    .record({
      goal: fc.anything(),
      user_id: fc.anything(),
      workflow_id: fc.anything(),
      preferences: fc.object(),
    })
    .map((body) =>
      new TextEncoder().encode(
        JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? 1 : value)),
      ),
    );
  const subject = fc.oneof(
    fc.constantFrom(REQUESTED, `${REQUESTED}.alice`, `${CANCEL}.alice`, CANCEL),
    fc.string(),
  );
  const contentType = fc.constantFrom('application/cloudevents+json', 'application/json');
  fc.assert(
    fc.property(subject, fc.oneof(bytes, json, almost), contentType, (at, body, type) => {
      const heard = knock(at, body, { 'content-type': type });
      assert.ok(heard.ok || heard.refusal.message.length <= 2_000);
    }),
    { seed },
  );
});
