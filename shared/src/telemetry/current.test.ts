import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { logSubject, UserId, WorkflowId } from '@troupe/contracts';
import { carriedHeaders, currentLogFields, currentTraceparent, handling, withinSpan } from './current.ts';
import { noSpan } from './tracing.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SENT = `00-${TRACE}-b7ad6b7169203331-01`;
const OPEN = `00-${TRACE}-00f067aa0ba902b7-01`;

const message = (workflow: string, headers: Record<string, string> = {}) => ({
  subject: logSubject('tool.requested', {
    user: UserId.parse('alice'),
    workflow: WorkflowId.parse(workflow),
  }),
  header: (name: string) => headers[name],
});
const HEADERS = {
  'ce-id': 'a'.repeat(32),
  'ce-subject': 'wf_1',
  'ce-correlationid': 'ticket-7',
  'ce-causationid': 'b'.repeat(32),
  traceparent: SENT,
};

test('a line names the message in hand and its trace, and the span where one is open', async () => {
  const expected = {
    user_id: 'alice',
    workflow_id: 'wf_1',
    event_id: 'a'.repeat(32),
    event_type: 'tool.requested',
    correlation_id: 'ticket-7',
    causation_id: 'b'.repeat(32),
    trace_id: TRACE,
  };
  await handling(message('wf_1', HEADERS), async () => {
    await sleep(1);
    assert.deepEqual(currentLogFields(), expected);
    await withinSpan({ ...noSpan, traceparent: OPEN }, async () => {
      await sleep(1);
      assert.deepEqual(currentLogFields(), { ...expected, span_id: '00f067aa0ba902b7' });
    });
    assert.equal(currentTraceparent(), SENT);
  });
});

test('what is handled at the same time is not mixed up, and outside of it nothing is named', async () => {
  const seen = await Promise.all(
    ['wf_1', 'wf_2'].map((workflow) =>
      handling(message(workflow), async () => {
        await sleep(2);
        return currentLogFields()['workflow_id'];
      }),
    ),
  );
  assert.deepEqual(seen, ['wf_1', 'wf_2']);
  assert.deepEqual([currentLogFields(), carriedHeaders()], [{}, {}]);
});

test('a query carries the ids of the work that asks, and the span that is open', () => {
  handling(message('wf_1', HEADERS), () => {
    assert.deepEqual(carriedHeaders(), HEADERS);
    withinSpan({ ...noSpan, traceparent: OPEN }, () =>
      assert.deepEqual(carriedHeaders(), { ...HEADERS, traceparent: OPEN }),
    );
  });
});

test('whatever somebody writes into a header at the door, a line stays short', () => {
  const long = message('wf_1', { 'ce-correlationid': 'x'.repeat(100_000), traceparent: 'y'.repeat(100_000) });
  handling(long, () => assert.ok(JSON.stringify(currentLogFields()).length < 400));
});
