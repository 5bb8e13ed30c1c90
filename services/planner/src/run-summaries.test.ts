import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunSummary } from '@troupe/contracts';
import type { Change } from './run-summaries.ts';
import { changeIn, summaryAfter, together } from './run-summaries.ts';

const NOON = Date.parse('2026-11-22T12:00:00.000Z');

const raw = (type: string, seq: number, data: unknown) => ({
  subject: `agents.${type}.4.alice.wf_1`,
  header: () => undefined,
  body: Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)),
  seq,
  storedAt: NOON + seq * 1_000,
});
const requested = raw('workflow.requested', 1, { goal: 'Tell me', workflow_type: 'automation', more: 1 });
const failed = raw('workflow.failed', 9, {
  status: 'failed',
  workflow_type: 'automation',
  error: { code: 'no_way', message: 'm', hint: 'h' },
  started_at: '2026-11-22T12:00:01.000Z',
});
const BEGUN = changeIn(requested) as Change;
const ENDED = changeIn(failed) as Change;
const FINISHED = {
  workflow_id: 'wf_1',
  user_id: 'alice',
  workflow_type: 'automation',
  status: 'failed',
  goal: 'Tell me',
  requested_at: '2026-11-22T12:00:01.000Z',
  finished_at: '2026-11-22T12:00:09.000Z',
  error_code: 'no_way',
};

test('a run that began is running, and the summary is as its contract says', () => {
  const summary = summaryAfter(BEGUN, undefined);
  assert.deepEqual([summary.status, summary.goal], ['running', 'Tell me']);
  assert.deepEqual(RunSummary.parse(summary), summary);
});

test('begin and end give the same summary together, in either order, and one after the other', () => {
  for (const summary of [
    summaryAfter(together(BEGUN, ENDED), undefined),
    summaryAfter(together(ENDED, BEGUN), undefined),
    summaryAfter(together(ENDED, together(BEGUN, ENDED)), undefined),
    summaryAfter(ENDED, summaryAfter(BEGUN, undefined)),
  ])
    assert.deepEqual(summary, FINISHED);
});

test('an end whose begin is nowhere to be found tells what it knows', () => {
  assert.deepEqual(summaryAfter(ENDED, undefined), { ...FINISHED, goal: '' });
});

test('a run that begins behind the end of an older one of the same name is running, and tells nothing of it', () => {
  const anew = changeIn(raw('workflow.requested', 20, { goal: 'Again', workflow_type: 'other' })) as Change;
  const summary = summaryAfter(together(ENDED, anew), RunSummary.parse(FINISHED));
  assert.deepEqual(summary, {
    ...summaryAfter(anew, undefined),
    status: 'running',
    goal: 'Again',
    workflow_type: 'other',
  });
});

test('a goal is kept up to 200 characters, none of them halved', () => {
  const goal = '🙂'.repeat(400);
  const change = changeIn(raw('workflow.requested', 1, { goal, workflow_type: 'automation' })) as Change;
  assert.equal(summaryAfter(change, undefined).goal, '🙂'.repeat(200));
});

test('what no summary tells of, or what breaks its contract, changes nothing', () => {
  for (const message of [
    raw('workflow.cancel_requested', 2, {}),
    raw('llm.completed', 2, {}),
    raw('workflow.requested', 2, '{'),
    raw('workflow.requested', 2, { goal: 7 }),
    raw('workflow.failed', 2, { status: 'running' }),
    { ...requested, subject: 'agents.workflow.requested.alice' },
  ])
    assert.equal(changeIn(message), undefined);
});
