import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from './metrics.ts';

async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`));
}

test('events are counted by the type in their subject, in the log, at the door and from the clock', async () => {
  const metrics = new Metrics();
  for (const subject of [
    'agents.llm.requested.3.alice.wf_1',
    'agents.llm.requested.0.bob.wf_2',
    'agents.workflow.requested',
    'agents.workflow.requested.alice',
    'agents-timers.fired.alice.wf_1.t',
  ])
    metrics.eventProcessed(subject, 'ok');
  metrics.eventProcessed('agents.llm.requested.3.alice.wf_1', 'dead');
  const counted = (await linesOf(metrics, 'agents_events_processed_total')).filter(
    (line) => !line.endsWith(' 0'),
  );
  assert.deepEqual(counted, [
    'agents_events_processed_total{event_type="llm.requested",status="ok"} 2',
    'agents_events_processed_total{event_type="llm.requested",status="dead"} 1',
    'agents_events_processed_total{event_type="workflow.requested",status="ok"} 2',
    'agents_events_processed_total{event_type="timer.fired",status="ok"} 1',
  ]);
});

test('names that anybody could invent are counted as one', async () => {
  const metrics = new Metrics();
  for (const subject of ['agents.made.up.0.a.b', 'agents.made', '', '$JS.EVENT.x.y', 'agents.other.one'])
    metrics.eventProcessed(subject, 'ok');
  assert.deepEqual(
    (await linesOf(metrics, 'agents_events_processed_total')).filter((line) => !line.endsWith(' 0')),
    ['agents_events_processed_total{event_type="_unknown",status="ok"} 5'],
  );
  metrics.toolCall(undefined, 'error');
  assert.deepEqual(await linesOf(metrics, 'agents_tool_calls_total'), [
    'agents_tool_calls_total{tool_name="_unknown",status="error"} 1',
  ]);
});

test('a scrape that comes twice counts nothing twice', async () => {
  const metrics = new Metrics();
  metrics.eventProcessed('agents.llm.requested.3.alice.wf_1', 'ok');
  const first = await linesOf(metrics, 'agents_events_processed_total');
  assert.deepEqual(await linesOf(metrics, 'agents_events_processed_total'), first);
});

test('two in one process count apart', async () => {
  const [one, other] = [new Metrics().withProcess(), new Metrics().withProcess()];
  one.deadLetter('planner-0');
  assert.equal((await linesOf(one, 'agents_dead_letters_total')).length, 1);
  assert.equal((await linesOf(other, 'agents_dead_letters_total')).length, 0);
});
