import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import type { StoredEvent } from '@troupe/contracts';
import { isTerminal } from '@troupe/contracts';
import type { Run } from './core/run-state.ts';
import type { Runs } from './runs.ts';
import { unavailable } from './test-support/memory-kernel.ts';
import { keyOf, Script, SHORTEST } from './test-support/script.ts';
import { call, calls } from './test-support/turns.ts';

let script: Script;
let runs: Runs;
beforeEach(() => {
  script = new Script();
  runs = script.planner();
});

test('a run that is delivered event by event is written to its end without a read', async () => {
  await script.toTheEnd(runs);
  assert.deepEqual(script.types(), SHORTEST);
  assert.equal(
    script.kernel.done.some((what) => ['whole', 'tail'].includes(what)),
    false,
  );
});

const timersSet = (): number => script.kernel.done.filter((what) => what.startsWith('set ')).length;

test('a timer is set before the effects that it guards, and withdrawn at the end', async () => {
  await script.toTheEnd(runs);
  const deadline = 'xstate.after.deadline.automation.running';
  assert.deepEqual(script.kernel.done.slice(0, 2), [`set ${deadline}`, 'append memory.requested']);
  assert.equal(script.kernel.done.at(-1), 'clear all');
  assert.equal(script.kernel.done.filter((what) => what.startsWith('set')).length, 1, 'set once');
});

test('an event is not done with before the timers that it opened are set, and what it owes is written once', async () => {
  const set = script.kernel.clock.set;
  Object.assign(script.kernel.clock, { set: unavailable });
  const first = script.begin();
  await assert.rejects(runs.deliver(first), /No decision/);
  await assert.rejects(runs.deliver(first), /No decision/);
  assert.equal(timersSet(), 0);
  Object.assign(script.kernel.clock, { set });
  // Whoever is delivered next sets them: here another planner, which is given the outcome first.
  runs = script.planner();
  await runs.deliver(script.recalled());
  assert.equal(timersSet(), 1);
  await runs.deliver(first);
  assert.deepEqual(script.types(), SHORTEST.slice(0, 4));
  assert.equal(timersSet(), 1);
});

test('events that are delivered twice, late or in another order change nothing', async () => {
  const first = script.begin();
  await runs.deliver(first);
  const second = script.recalled();
  await Promise.all([runs.deliver(second), runs.deliver(first), runs.deliver(second)]);
  const third = script.answered();
  await Promise.all([runs.deliver(third), runs.deliver(first), runs.deliver(second)]);
  await Promise.all([runs.deliver(first), runs.deliver(third)]);
  assert.deepEqual(script.types(), SHORTEST);
});

test('a planner that knows nothing goes on from any event, by reading the log', async () => {
  await runs.deliver(script.begin());
  runs = script.planner();
  await runs.deliver(script.recalled());
  runs = script.planner();
  await runs.deliver(script.answered());
  assert.deepEqual(script.types(), SHORTEST);
});

test('a planner that missed events reads the tail before it folds', async () => {
  await runs.deliver(script.begin());
  const other = script.planner();
  await other.deliver(script.recalled());
  await runs.deliver(script.answered());
  assert.deepEqual(script.types(), SHORTEST);
  assert.ok(script.kernel.done.includes('tail'));
});

test('a write that fails is made up for when the delivery comes again', async () => {
  const first = script.begin();
  script.kernel.fault = (_, stored) => {
    if (!stored) unavailable();
  };
  await assert.rejects(runs.deliver(first));
  assert.deepEqual(script.types(), ['workflow.requested']);
  script.kernel.fault = () => undefined;
  await runs.deliver(first);
  assert.deepEqual(script.types(), ['workflow.requested', 'memory.requested']);
});

test('a write whose answer was lost is not made twice', async () => {
  script.kernel.fault = (_, stored) => {
    if (stored) unavailable();
  };
  const deliveries = [() => script.begin(), () => script.recalled(), () => script.answered()];
  for (const next of deliveries) {
    const event = next();
    await assert.rejects(runs.deliver(event));
    await runs.deliver(event).catch(() => undefined);
    await runs.deliver(event).catch(() => undefined);
  }
  assert.deepEqual(script.types(), SHORTEST);
});

test('racing planners that are all told everything write everything once', async () => {
  script.kernel.pause = () => tick();
  const planners = [runs, script.planner(), script.planner()];
  const tellAll = (event: StoredEvent) => Promise.all(planners.map((each) => each.deliver(event)));
  await tellAll(script.begin());
  await tellAll(script.recalled());
  await tellAll(script.answer('llm.requested', 'llm.completed', calls(call('a'), call('b'), call('c'))));
  const requests = script.kernel.log(keyOf('wf_1')).events.filter((event) => event.type === 'tool.requested');
  const outcomes = requests.map(({ id, data }) =>
    script.store(
      'wf_1',
      'tool.completed',
      { tool: 'notify_user', call_id: data.call_id, output: { text: '{}' } },
      id,
    ),
  );
  await Promise.all(outcomes.toReversed().map(tellAll));
  await tellAll(script.answered());
  const all = script.types();
  assert.equal(all.filter((type) => type === 'tool.requested').length, 3);
  assert.equal(all.filter((type) => type === 'llm.requested').length, 2);
  assert.equal(all.filter(isTerminal).length, 1);
  assert.equal(all.length, 14);
});

test('a late event of a run that ended costs no read and writes nothing', async () => {
  const first = script.begin();
  await runs.deliver(first);
  await runs.deliver(script.recalled());
  await runs.deliver(script.answered());
  const before = script.kernel.done.length;
  await runs.deliver(first);
  assert.equal(script.kernel.done.length, before);
});

test('what is kept in memory is bounded: the run that was used least recently is read again', async () => {
  runs = script.planner(3);
  for (const workflow of ['a', 'b', 'c', 'd']) await runs.deliver(script.begin(workflow));
  const reads = () => script.kernel.done.filter((what) => what === 'whole').length;
  await runs.deliver(script.recalled('d'));
  await runs.deliver(script.recalled('b'));
  assert.equal(reads(), 0);
  await runs.deliver(script.recalled('a'));
  assert.equal(reads(), 1);
  await runs.deliver(script.recalled('c'));
  assert.equal(reads(), 2, 'c made room for a');
  for (const workflow of ['a', 'b', 'c', 'd']) await runs.deliver(script.answered(workflow));
  for (const workflow of ['a', 'b', 'c', 'd']) assert.deepEqual(script.types(workflow), SHORTEST);
});

test('memory of what ended is bounded too: a forgotten run is read once more, and nothing is written', async () => {
  runs = script.planner(2);
  for (const workflow of ['a', 'b', 'c']) await script.toTheEnd(runs, workflow);
  await runs.deliver(script.kernel.log(keyOf('a')).events[0]!);
  assert.deepEqual(script.types('a'), SHORTEST);
});

test('what is recorded stands in the log once, behind what others wrote, if the run still wants it', async () => {
  await runs.deliver(script.begin());
  script.recalled();
  const cancel = script.draftOf('wf_1', 'workflow.cancel_requested', { reason: 'enough' });
  const ifActive = (run: Run | undefined) => (run?.state.kind === 'active' ? cancel : undefined);
  await Promise.all([runs.record(keyOf('wf_1'), ifActive), runs.record(keyOf('wf_1'), ifActive)]);
  assert.deepEqual(script.types().slice(2), ['memory.completed', 'workflow.cancel_requested']);
  await runs.deliver(script.kernel.log(keyOf('wf_1')).events.at(-1)!);
  assert.equal(script.types().at(-1), 'workflow.cancelled');
});

test('who records is told where nothing is stored, and nothing is written then', async () => {
  const seen: unknown[] = [];
  await runs.record(keyOf('wf_9'), (run) => {
    seen.push(run);
    return script.draftOf('wf_9', 'workflow.cancel_requested', {});
  });
  assert.deepEqual(seen, [undefined]);
  assert.deepEqual(script.types('wf_9'), []);
});

test('a run whose delivery was given up goes on with whatever reaches it next, also if nothing is recorded', async () => {
  await runs.deliver(script.begin());
  await runs.deliver(script.recalled());
  script.answered();
  assert.equal(script.types().at(-1), 'llm.completed', 'the terminal event is owed, and nobody was told');
  await script.planner().record(keyOf('wf_1'), () => undefined);
  assert.deepEqual(script.types(), SHORTEST);
});

test('a run that is requested again after its log was erased is not taken for the old one', async () => {
  await script.toTheEnd(runs);
  script.kernel.log(keyOf('wf_1')).erase();
  await script.toTheEnd(runs);
  assert.deepEqual(script.types(), SHORTEST, 'after its end');

  script.kernel.log(keyOf('wf_1')).erase();
  await script.planner().deliver(script.begin());
  await runs.record(keyOf('wf_1'), () => script.draftOf('wf_1', 'workflow.cancel_requested', {}));
  assert.equal(script.types().at(-1), 'workflow.cancel_requested', 'by another planner');

  await runs.deliver(script.begin('wf_2'));
  script.kernel.log(keyOf('wf_2')).erase();
  const timersBefore = timersSet();
  await runs.deliver(script.begin('wf_2'));
  assert.deepEqual(script.types('wf_2'), ['workflow.requested', 'memory.requested'], 'in the middle');
  assert.equal(timersSet(), timersBefore + 1, 'its deadline is set anew');

  script.kernel.log(keyOf('wf_2')).erase();
  await script.planner().deliver(script.begin('wf_2'));
  await runs.record(keyOf('wf_2'), () => script.draftOf('wf_2', 'workflow.cancel_requested', {}));
  assert.equal(script.types('wf_2').at(-1), 'workflow.cancel_requested', 'told to it, begun elsewhere');
});

test('one run that cannot be written holds up no other', async () => {
  script.kernel.fault = ({ workflow }) => {
    if (workflow === 'bad') unavailable();
  };
  const [bad, good] = [script.begin('bad'), script.begin('good')];
  const [first, second] = await Promise.allSettled([runs.deliver(bad), runs.deliver(good)]);
  assert.deepEqual([first.status, second.status], ['rejected', 'fulfilled']);
});
