import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Headers } from './test-support/door-messages.ts';
import {
  BAD_IDS,
  CANCEL,
  code,
  command,
  parse,
  REQUESTED,
  SIGNALLED,
  text,
} from './test-support/door-messages.ts';

const ours = { user: 'alice', workflow: 'wf_1' };

test('bare JSON is a request, with defaults for everything but the goal', () => {
  assert.deepEqual(command(parse(`${REQUESTED}.alice`, { goal: ' Read the total ' })), {
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
  const parsed = command(parse(`${REQUESTED}.alice`, { goal: 'x', workflow_id: 'wf_1' }, headers));
  assert.equal(parsed.workflow, 'wf_1');
  assert.equal(parsed.correlationId, 'order:7');
  assert.equal(parsed.traceparent, traceparent);
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
    const parsed = command(parse(`${REQUESTED}.alice`, event, headers));
    assert.equal(parsed.request.goal, 'x');
    assert.equal(parsed.correlationId, 'c-1');
  }
});

test("the body's correlation id goes before the header's; one that is malformed is dropped from a header and refused in a body", () => {
  const headers = { 'ce-correlationid': 'header' };
  assert.equal(
    command(parse(REQUESTED, { goal: 'x', correlation_id: 'body' }, headers)).correlationId,
    'body',
  );
  assert.equal(
    command(parse(REQUESTED, { goal: 'x' }, { 'ce-correlationid': 'two words' })).correlationId,
    undefined,
  );
  assert.equal(code(parse(REQUESTED, { goal: 'x', correlation_id: 'two words' })), 'invalid_request');
});

test('a trace header that is no W3C trace context is dropped: it would go into every event of the run', () => {
  const [trace, span] = ['a'.repeat(32), 'b'.repeat(16)];
  for (const traceparent of [
    '',
    'x',
    `00-${'A'.repeat(32)}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `ff-${trace}-${span}-01`,
    'a'.repeat(60_000),
  ]) {
    assert.equal(command(parse(REQUESTED, { goal: 'x' }, { traceparent })).traceparent, undefined);
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
    parse(`${REQUESTED}.alice`, { goal: 'x' }, headers),
    parse(`${REQUESTED}.alice`, { goal: 'x' }),
  );
});

test('the user is who the subject says; else who the body says; else local', () => {
  assert.equal(command(parse(`${REQUESTED}.alice`, { goal: 'x' })).user, 'alice');
  assert.equal(command(parse(`${REQUESTED}.alice`, { goal: 'x', user_id: 'alice' })).user, 'alice');
  assert.equal(command(parse(REQUESTED, { goal: 'x', user_id: 'bob' })).user, 'bob');
  assert.equal(command(parse(REQUESTED, { goal: 'x' })).user, 'local');
});

test('a cancellation names user, workflow and perhaps a reason', () => {
  assert.deepEqual(parse(`${CANCEL}.alice`, { workflow_id: 'wf_1', reason: 'no longer needed' }), {
    ok: true,
    command: {
      ...{ type: 'workflow.cancel_requested', user: 'alice', workflow: 'wf_1' },
      data: { reason: 'no longer needed' },
    },
  });
  assert.equal(code(parse(`${CANCEL}.alice`, {})), 'invalid_request');
  assert.equal(
    code(parse(`${CANCEL}.alice`, { workflow_id: 'wf_1', reason: 'x'.repeat(501) })),
    'invalid_request',
  );
});

test('keys that mean something to JavaScript mean nothing here', () => {
  const parsed = command(
    parse(REQUESTED, '{"goal":"x","__proto__":{"user_id":"eve"},"preferences":{"__proto__":{"a":1}}}'),
  );
  assert.equal(parsed.user, 'local');
  assert.equal(({} as Record<string, unknown>)['a'], undefined);
});

test('header names are found however a library writes them', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  for (const headers of [
    { 'Ce-Correlationid': 'c-1', Traceparent: traceparent },
    { 'CE-CORRELATIONID': 'c-1', TRACEPARENT: traceparent },
  ] as Headers[]) {
    const parsed = command(parse(`${REQUESTED}.alice`, { goal: 'x' }, headers));
    assert.deepEqual([parsed.correlationId, parsed.traceparent], ['c-1', traceparent]);
  }
  const event = { specversion: '1.0', data: { goal: 'x' } };
  const shouted = { 'CONTENT-TYPE': 'APPLICATION/CLOUDEVENTS+JSON' };
  assert.equal(command(parse(REQUESTED, event, shouted)).request.goal, 'x');
});

test('of a member that stands twice the last counts, a byte order mark does not, and numbers out of range are none', () => {
  assert.equal(command(parse(REQUESTED, '{"goal":"a","goal":"b"}')).request.goal, 'b');
  assert.equal(
    code(parse(`${REQUESTED}.alice`, '{"goal":"a","user_id":"alice","user_id":"bob"}')),
    'user_mismatch',
  );
  assert.equal(command(parse(REQUESTED, '\ufeff{"goal":"x"}')).request.goal, 'x');
  for (const deadline of ['1e999', '-1', '0', '86401', '"60"', '1e-400'])
    assert.equal(
      code(parse(REQUESTED, `{"goal":"x","deadline_seconds":${deadline}}`)),
      'invalid_request',
      deadline,
    );
  assert.equal(code(parse(REQUESTED, '{"goal":"x","preferences":{"a":[{"b":1e999}]}}')), 'invalid_request');
});

test('a signal names user, workflow, itself, and carries any JSON', () => {
  for (const data of [{ total: 42 }, [1], 'text', 0, null, undefined]) {
    assert.deepEqual(parse(`${SIGNALLED}.alice`, { workflow_id: 'wf_1', name: 'price_changed', data }), {
      ok: true,
      command: { ...ours, type: 'workflow.signalled', data: { name: 'price_changed', data } },
    });
  }
  const parsed = parse(SIGNALLED, { workflow_id: 'wf_1', name: 'go', user_id: 'bob', unknown: 1 });
  assert.ok(parsed.ok && parsed.command.user === 'bob');
});

test('a signal without workflow or name, with a wrong one or with too much data is refused', () => {
  const good = { workflow_id: 'wf_1', name: 'go' };
  assert.equal(code(parse(SIGNALLED, good)), 'accepted');
  assert.equal(code(parse(SIGNALLED, { name: 'go' })), 'invalid_request');
  assert.equal(code(parse(SIGNALLED, { workflow_id: 'wf_1' })), 'invalid_request');
  for (const id of BAD_IDS) {
    assert.equal(code(parse(SIGNALLED, { ...good, name: id })), 'invalid_request', text(id));
    assert.equal(code(parse(SIGNALLED, { ...good, workflow_id: id })), 'invalid_request', text(id));
  }
  assert.equal(code(parse(SIGNALLED, { ...good, data: 'x'.repeat(65_534) })), 'accepted');
  assert.equal(code(parse(SIGNALLED, { ...good, data: 'x'.repeat(65_535) })), 'invalid_request');
});
