import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventId } from './ids.ts';
import { formatTraceparent, parseTraceparent, traceOfRun } from './trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const caller = `00-${traceId}-b7ad6b7169203331-01`;
const id = eventId('somebody/something', 'requested');

test('a traceparent is read as it was written, with its wish not to be recorded', () => {
  for (const sampled of [true, false]) {
    const context = { traceId, spanId: 'b7ad6b7169203331', sampled };
    assert.deepEqual(parseTraceparent(formatTraceparent(context)), context);
  }
});

test('what names no trace is no trace context', () => {
  const zeros = `00-${'0'.repeat(32)}-b7ad6b7169203331-01`;
  const noSpan = `00-${traceId}-${'0'.repeat(16)}-01`;
  for (const header of [undefined, '', 'x', caller.toUpperCase(), zeros, noSpan, caller.replace(/^00/, 'ff')])
    assert.equal(parseTraceparent(header), undefined);
});

test('a run without a caller has the trace that its first event names, the same every time it is asked for', () => {
  const trace = traceOfRun({ id, traceparent: undefined });
  assert.deepEqual(trace, traceOfRun({ id, traceparent: 'not one' }));
  assert.equal(trace.caller, undefined);
  assert.equal(parseTraceparent(trace.traceparent)?.traceId, id);
  assert.equal(parseTraceparent(trace.traceparent)?.sampled, true);
});

test('a run that a traced client asked for goes on in its trace, below its span, and as unrecorded as it', () => {
  const trace = traceOfRun({ id, traceparent: caller });
  assert.equal(trace.caller, caller);
  assert.equal(parseTraceparent(trace.traceparent)?.traceId, traceId);
  assert.notEqual(parseTraceparent(trace.traceparent)?.spanId, 'b7ad6b7169203331');
  const quiet = traceOfRun({ id, traceparent: caller.replace(/01$/, '00') });
  assert.equal(parseTraceparent(quiet.traceparent)?.sampled, false);
});
