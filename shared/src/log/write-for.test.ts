// How a worker writes beside other writers: over an append that answers as told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CorrelationId, eventId, UserId, WorkflowId } from '@troupe/contracts';
import type { DataOf, EventDraft, LogEvent, Position, StoredEvent } from '@troupe/contracts';
import type { Append, Appended } from './append.ts';
import { isOpen } from './append.ts';
import { writeFor } from './write-for.ts';

const DATA: DataOf<'tool.started'> = { tool: 'look', token: 't' };

/** Event number `sequence` of a run, caused by `cause`. */
function event(
  sequence: number,
  type: 'tool.started' | 'tool.cancelled' | 'workflow.failed',
  cause = 'x',
): StoredEvent {
  return {
    type,
    id: eventId(cause, `${sequence}`),
    user: UserId.parse('alice'),
    workflow: WorkflowId.parse('wf_1'),
    source: '/troupe/other',
    correlationId: CorrelationId.parse('c'),
    causationId: cause,
    traceparent: undefined,
    position: { seq: sequence * 10, sequence },
    previous: (sequence - 1) * 10,
    storedAt: 0,
    data: DATA,
  } as unknown as StoredEvent;
}
const request = event(2, 'tool.started') as unknown as LogEvent<'tool.requested'>;

/** An append that gives `answers` in turn, and writes down what it was asked. */
function scripted(answers: readonly (Appended | ((draft: EventDraft) => Appended))[]) {
  const asked: { id: string; after: Position }[] = [];
  const left = [...answers];
  const append: Append = (draft, { after }) => {
    asked.push({ id: draft.id, after });
    const answer = left.length > 1 ? left.shift() : left[0];
    if (answer === undefined) throw new Error('no answer is left');
    return Promise.resolve(typeof answer === 'function' ? answer(draft) : answer);
  };
  return { append, asked };
}

const writer = (append: Append, behind: readonly StoredEvent[] = []) =>
  writeFor({
    append,
    source: '/troupe/test',
    request,
    after: behind.at(-1)?.position ?? request.position,
    behind,
    isClosedBy: (tail) => !isOpen(request, ['tool.cancelled'], tail),
  });

const appended = (sequence: number): Appended => ({
  kind: 'appended',
  position: { seq: sequence * 10, sequence },
});

test('the first event goes behind the request, each further one behind the one before', async () => {
  const { append, asked } = scripted([appended(3), appended(4)]);
  const write = writer(append);
  assert.deepEqual(await write('tool.started', 'a', DATA), { kind: 'appended' });
  assert.deepEqual(await write('tool.started', 'b', DATA), { kind: 'appended' });
  assert.deepEqual(
    asked.map(({ after }) => after.sequence),
    [2, 3],
  );
});

test('after a conflict that leaves the request open it is tried again behind what was written', async () => {
  const tail = [event(3, 'tool.started'), event(4, 'tool.started')];
  const { append, asked } = scripted([{ kind: 'conflict', tail }, appended(5)]);
  assert.deepEqual(await writer(append)('tool.started', 'a', DATA), { kind: 'appended' });
  assert.deepEqual(
    asked.map(({ after }) => after.sequence),
    [2, 4],
  );
});

for (const [what, closing] of [
  ['the cancellation of the request', event(3, 'tool.cancelled', request.id)],
  ['the end of the run', event(3, 'workflow.failed')],
] as const) {
  test(`after a conflict with ${what} nothing is written`, async () => {
    const { append, asked } = scripted([{ kind: 'conflict', tail: [closing] }]);
    assert.deepEqual(await writer(append)('tool.started', 'a', DATA), { kind: 'closed' });
    assert.equal(asked.length, 1);
  });
}

test('the cancellation of another request closes nothing', async () => {
  const tail = [event(3, 'tool.cancelled', 'another')];
  const { append } = scripted([{ kind: 'conflict', tail }, appended(4)]);
  assert.deepEqual(await writer(append)('tool.started', 'a', DATA), { kind: 'appended' });
});

test('an event that was written before, by whomever, is not written again', async () => {
  const own = { ...event(3, 'tool.started', request.id), id: eventId(request.id, 'a') };
  const nothing: Append = () => Promise.reject(new Error('nothing is to be appended'));
  assert.deepEqual(await writer(nothing, [own])('tool.started', 'a', DATA), { kind: 'present', event: own });

  const met = scripted([{ kind: 'conflict', tail: [own, event(4, 'tool.started')] }, appended(5)]);
  const write = writer(met.append);
  await write('tool.started', 'b', DATA);
  assert.deepEqual(await write('tool.started', 'a', DATA), { kind: 'present', event: own });
  assert.equal(met.asked.length, 2);

  const twice = scripted([appended(3)]);
  const again = writer(twice.append);
  await again('tool.started', 'a', DATA);
  assert.deepEqual(await again('tool.started', 'a', DATA), { kind: 'appended' });
  assert.equal(twice.asked.length, 1);
});

test('what was written behind an event that was present is met by the next one, and decides', async () => {
  const own = { ...event(3, 'tool.started', request.id), id: eventId(request.id, 'a') };
  const cancelled = event(4, 'tool.cancelled', request.id);
  const { append, asked } = scripted([
    { kind: 'present', event: own, tail: [own, cancelled] },
    { kind: 'conflict', tail: [cancelled] },
  ]);
  const write = writer(append);
  assert.equal((await write('tool.started', 'a', DATA)).kind, 'present');
  assert.deepEqual(await write('tool.started', 'b', DATA), { kind: 'closed' });
  assert.deepEqual(
    asked.map(({ after }) => after.sequence),
    [2, 3],
  );
});

test('a writer that meets nothing but conflicts gives up with a stable code', async () => {
  const { append, asked } = scripted([{ kind: 'conflict', tail: [event(3, 'tool.started')] }]);
  await assert.rejects(writer(append)('tool.started', 'a', DATA), {
    name: 'RetryableError',
    code: 'log_contended',
  });
  assert.equal(asked.length, 200);
});
