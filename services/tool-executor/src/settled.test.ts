import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEvent, MessageType, StoredEvent } from '@troupe/contracts';
import { contractOf, eventId } from '@troupe/contracts';
import { jobIdOf } from './job-id.ts';
import { isSettled } from './settled.ts';
import { jobStateIn, wasCancelled } from './tools/job-state.ts';

const REQUEST = eventId('test', 'request');
const JOB = jobIdOf(REQUEST);

const event = (type: MessageType, changed: object = {}, causationId: string = REQUEST): StoredEvent =>
  ({
    type,
    id: eventId(type, JSON.stringify(changed)),
    causationId,
    data: { ...contractOf(type).example, ...changed },
  }) as unknown as StoredEvent;

const request = {
  ...event('tool.requested', { tool: { name: 'spawn_browser_job', hash: '' } }, 'planner'),
  id: REQUEST,
} as LogEvent<'tool.requested'>;
const accepted = event('tool.completed', { job_id: JOB });
const failure = { code: 'job_timeout', message: '', hint: '' };

test('A request is settled by its outcome, its cancellation, or the end of the run; by nothing of another request.', () => {
  for (const type of ['tool.completed', 'tool.failed', 'tool.cancelled'] as const) {
    assert.equal(isSettled(request, [event(type)]), true, type);
    assert.equal(isSettled(request, [event(type, {}, 'another')]), false, type);
  }
  assert.equal(isSettled(request, [event('workflow.failed', {}, 'planner')]), true);
  assert.equal(isSettled(request, [event('tool.started'), event('notification.created')]), false);
  assert.equal(isSettled(request, []), false);
});

test('A request whose job goes on behind its outcome is settled by the end of the job.', () => {
  assert.equal(isSettled(request, [accepted]), false);
  assert.equal(isSettled(request, [accepted, event('job.completed', {}, 'another')]), false);
  for (const type of ['job.completed', 'job.failed'] as const)
    assert.equal(isSettled(request, [accepted, event(type)]), true, type);
  assert.equal(isSettled(request, [accepted, event('workflow.cancelled', {}, 'planner')]), true);
});

test('The state of a job is what the log of its workflow says of it.', () => {
  const output = { text: '{"title":"Order"}' };
  assert.deepEqual(jobStateIn([request], JOB), { status: 'running' });
  assert.deepEqual(jobStateIn([request, event('tool.started'), accepted], JOB), { status: 'running' });
  for (const done of [event('job.completed', { output }), event('tool.completed', { output })])
    assert.deepEqual(jobStateIn([request, accepted, done], JOB), { status: 'completed', output });
  for (const type of ['job.failed', 'tool.failed'] as const)
    assert.deepEqual(jobStateIn([request, event(type, { error: failure })], JOB), {
      status: 'failed',
      error: failure,
    });
});

test('What is no job of the workflow is unknown.', () => {
  const notify = { ...request, data: { ...request.data, tool: { name: 'notify_user', hash: '' } } };
  assert.deepEqual(jobStateIn([notify as StoredEvent], JOB), { status: 'unknown' });
  assert.deepEqual(jobStateIn([request], jobIdOf(eventId('other', 'request'))), { status: 'unknown' });
  for (const none of ['', 'job_', REQUEST, 'job_1', `n_${REQUEST}`])
    assert.deepEqual(jobStateIn([request], none), { status: 'unknown' }, none);
});

test('A job was cancelled if a later call asked for it by its id.', () => {
  const cancel = (job_id: string) =>
    event(
      'tool.requested',
      { tool: { name: 'cancel_browser_job', hash: '' }, arguments: { job_id } },
      'planner',
    );
  assert.equal(wasCancelled([cancel(JOB)], JOB), true);
  assert.equal(wasCancelled([cancel('job_1'), accepted], JOB), false);
});
