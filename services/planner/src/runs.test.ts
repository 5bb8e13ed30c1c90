import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import type { DataOf, EventDraft, MessageType, RequestType, StoredEvent } from '@troupe/contracts';
import { eventId, isTerminal, UserId, WorkflowId } from '@troupe/contracts';
import type { Run } from './core/run-state.ts';
import { Runs } from './runs.ts';
import { MemoryKernel, unavailable } from './test-support/memory-kernel.ts';
import { call, calls, requested, says } from './test-support/turns.ts';
import { agentMachine } from './workflows/agent-machine.ts';
import { automation } from './workflows/automation.ts';

const machine = agentMachine(automation);
const user = UserId.parse('alice');
const keyOf = (workflow: string) => ({ user, workflow: WorkflowId.parse(workflow) });

let kernel: MemoryKernel;
let runs: Runs;
let written: number;
beforeEach(() => {
  kernel = new MemoryKernel();
  runs = planner();
  written = 0;
});

const planner = (cached = 100): Runs =>
  new Runs({
    append: kernel.append,
    read: kernel.read,
    clock: kernel.clock,
    knock: () => undefined,
    ended: () => undefined,
    machineFor: () => machine,
    cached,
  });

const draftOf = <Type extends MessageType>(
  workflow: string,
  type: Type,
  data: DataOf<Type>,
  causationId = 'outside',
) =>
  ({
    ...{ type, data, causationId, id: eventId('test', `${(written += 1)}`) },
    ...{ ...keyOf(workflow), source: '/test', correlationId: workflow },
  }) as unknown as EventDraft;

/** Stores an event from outside; nobody is told. */
const store = <Type extends MessageType>(
  workflow: string,
  type: Type,
  data: DataOf<Type>,
  cause?: string,
): StoredEvent => kernel.log(keyOf(workflow)).add(draftOf(workflow, type, data, cause));
const begin = (workflow = 'wf_1'): StoredEvent => store(workflow, 'workflow.requested', requested());
const types = (workflow = 'wf_1'): string[] => kernel.log(keyOf(workflow)).events.map(({ type }) => type);

function answer<Type extends MessageType>(
  of: RequestType,
  type: Type,
  data: DataOf<Type>,
  workflow = 'wf_1',
): StoredEvent {
  const request = kernel.log(keyOf(workflow)).events.findLast((event) => event.type === of);
  return store(workflow, type, data, request?.id);
}
const recalled = (workflow?: string) =>
  answer('memory.requested', 'memory.completed', { snippets: [] }, workflow);
const answered = (workflow?: string) => answer('llm.requested', 'llm.completed', says('42'), workflow);

const SHORTEST = [
  ...['workflow.requested', 'memory.requested', 'memory.completed', 'llm.requested', 'llm.completed'],
  'workflow.completed',
];

async function toTheEnd(workflow = 'wf_1'): Promise<void> {
  await runs.deliver(begin(workflow));
  await runs.deliver(recalled(workflow));
  await runs.deliver(answered(workflow));
}

test('a run that is delivered event by event is written to its end without a read', async () => {
  await toTheEnd();
  assert.deepEqual(types(), SHORTEST);
  assert.equal(
    kernel.done.some((what) => ['whole', 'tail'].includes(what)),
    false,
  );
});

test('a timer is set before the effects that it guards, and withdrawn at the end', async () => {
  await toTheEnd();
  const deadline = 'xstate.after.deadline.automation.running';
  assert.deepEqual(kernel.done.slice(0, 2), [`set ${deadline}`, 'append memory.requested']);
  assert.equal(kernel.done.at(-1), 'clear all');
  assert.equal(kernel.done.filter((what) => what.startsWith('set')).length, 1, 'set once');
});

test('no effect is written while its timer cannot be set', async () => {
  const set = kernel.clock.set;
  Object.assign(kernel.clock, { set: unavailable });
  const first = begin();
  await assert.rejects(runs.deliver(first), /log_unavailable|No decision/);
  assert.deepEqual(types(), ['workflow.requested']);
  Object.assign(kernel.clock, { set });
  await runs.deliver(first);
  assert.deepEqual(types(), ['workflow.requested', 'memory.requested']);
});

test('events that are delivered twice, late or in another order change nothing', async () => {
  const first = begin();
  await runs.deliver(first);
  const second = recalled();
  await Promise.all([runs.deliver(second), runs.deliver(first), runs.deliver(second)]);
  const third = answered();
  await Promise.all([runs.deliver(third), runs.deliver(first), runs.deliver(second)]);
  await Promise.all([runs.deliver(first), runs.deliver(third)]);
  assert.deepEqual(types(), SHORTEST);
});

test('a planner that knows nothing goes on from any event, by reading the log', async () => {
  await runs.deliver(begin());
  runs = planner();
  await runs.deliver(recalled());
  runs = planner();
  await runs.deliver(answered());
  assert.deepEqual(types(), SHORTEST);
});

test('a planner that missed events reads the tail before it folds', async () => {
  await runs.deliver(begin());
  const other = planner();
  await other.deliver(recalled());
  await runs.deliver(answered());
  assert.deepEqual(types(), SHORTEST);
  assert.ok(kernel.done.includes('tail'));
});

test('a write that fails is made up for when the delivery comes again', async () => {
  const first = begin();
  kernel.fault = (_, stored) => {
    if (!stored) unavailable();
  };
  await assert.rejects(runs.deliver(first));
  assert.deepEqual(types(), ['workflow.requested']);
  kernel.fault = () => undefined;
  await runs.deliver(first);
  assert.deepEqual(types(), ['workflow.requested', 'memory.requested']);
});

test('a write whose answer was lost is not made twice', async () => {
  kernel.fault = (_, stored) => {
    if (stored) unavailable();
  };
  const deliveries = [begin, recalled, answered];
  for (const next of deliveries) {
    const event = next();
    await assert.rejects(runs.deliver(event));
    await runs.deliver(event).catch(() => undefined);
    await runs.deliver(event).catch(() => undefined);
  }
  assert.deepEqual(types(), SHORTEST);
});

test('racing planners that are all told everything write everything once', async () => {
  kernel.pause = () => tick();
  const planners = [runs, planner(), planner()];
  const tellAll = (event: StoredEvent) => Promise.all(planners.map((each) => each.deliver(event)));
  await tellAll(begin());
  await tellAll(recalled());
  await tellAll(answer('llm.requested', 'llm.completed', calls(call('a'), call('b'), call('c'))));
  const requests = kernel.log(keyOf('wf_1')).events.filter((event) => event.type === 'tool.requested');
  const outcomes = requests.map(({ id, data }) =>
    store(
      'wf_1',
      'tool.completed',
      { tool: 'notify_user', call_id: data.call_id, output: { text: '{}' } },
      id,
    ),
  );
  await Promise.all(outcomes.toReversed().map(tellAll));
  await tellAll(answered());
  const all = types();
  assert.equal(all.filter((type) => type === 'tool.requested').length, 3);
  assert.equal(all.filter((type) => type === 'llm.requested').length, 2);
  assert.equal(all.filter(isTerminal).length, 1);
  assert.equal(all.length, 14);
});

test('a late event of a run that ended costs no read and writes nothing', async () => {
  const first = begin();
  await runs.deliver(first);
  await runs.deliver(recalled());
  await runs.deliver(answered());
  const before = kernel.done.length;
  await runs.deliver(first);
  assert.equal(kernel.done.length, before);
});

test('what is kept in memory is bounded: the run that was used least recently is read again', async () => {
  runs = planner(3);
  for (const workflow of ['a', 'b', 'c', 'd']) await runs.deliver(begin(workflow));
  const reads = () => kernel.done.filter((what) => what === 'whole').length;
  await runs.deliver(recalled('d'));
  await runs.deliver(recalled('b'));
  assert.equal(reads(), 0);
  await runs.deliver(recalled('a'));
  assert.equal(reads(), 1);
  await runs.deliver(recalled('c'));
  assert.equal(reads(), 2, 'c made room for a');
  for (const workflow of ['a', 'b', 'c', 'd']) await runs.deliver(answered(workflow));
  for (const workflow of ['a', 'b', 'c', 'd']) assert.deepEqual(types(workflow), SHORTEST);
});

test('memory of what ended is bounded too: a forgotten run is read once more, and nothing is written', async () => {
  runs = planner(2);
  for (const workflow of ['a', 'b', 'c']) await toTheEnd(workflow);
  await runs.deliver(kernel.log(keyOf('a')).events[0]!);
  assert.deepEqual(types('a'), SHORTEST);
});

test('what is recorded stands in the log once, behind what others wrote, if the run still wants it', async () => {
  await runs.deliver(begin());
  recalled();
  const cancel = draftOf('wf_1', 'workflow.cancel_requested', { reason: 'enough' });
  const ifActive = (run: Run | undefined) => (run?.state.kind === 'active' ? cancel : undefined);
  await Promise.all([runs.record(keyOf('wf_1'), ifActive), runs.record(keyOf('wf_1'), ifActive)]);
  assert.deepEqual(types().slice(2), ['memory.completed', 'workflow.cancel_requested']);
  await runs.deliver(kernel.log(keyOf('wf_1')).events.at(-1)!);
  assert.equal(types().at(-1), 'workflow.cancelled');
});

test('who records is told where nothing is stored, and nothing is written then', async () => {
  const seen: unknown[] = [];
  await runs.record(keyOf('wf_9'), (run) => {
    seen.push(run);
    return draftOf('wf_9', 'workflow.cancel_requested', {});
  });
  assert.deepEqual(seen, [undefined]);
  assert.deepEqual(types('wf_9'), []);
});

test('a run whose delivery was given up goes on with whatever reaches it next, also if nothing is recorded', async () => {
  await runs.deliver(begin());
  await runs.deliver(recalled());
  answered();
  assert.equal(types().at(-1), 'llm.completed', 'the terminal event is owed, and nobody was told');
  await planner().record(keyOf('wf_1'), () => undefined);
  assert.deepEqual(types(), SHORTEST);
});

test('a run that is requested again after its log was erased is not taken for the old one', async () => {
  await toTheEnd();
  kernel.log(keyOf('wf_1')).erase();
  await toTheEnd();
  assert.deepEqual(types(), SHORTEST, 'after its end');

  kernel.log(keyOf('wf_1')).erase();
  await planner().deliver(begin());
  await runs.record(keyOf('wf_1'), () => draftOf('wf_1', 'workflow.cancel_requested', {}));
  assert.equal(types().at(-1), 'workflow.cancel_requested', 'by another planner');

  await runs.deliver(begin('wf_2'));
  kernel.log(keyOf('wf_2')).erase();
  const first = begin('wf_2');
  await runs.deliver(first).catch(() => runs.deliver(first));
  assert.deepEqual(types('wf_2'), ['workflow.requested', 'memory.requested'], 'in the middle');
});

test('one run that cannot be written holds up no other', async () => {
  kernel.fault = ({ workflow }) => {
    if (workflow === 'bad') unavailable();
  };
  const [bad, good] = [begin('bad'), begin('good')];
  const [first, second] = await Promise.allSettled([runs.deliver(bad), runs.deliver(good)]);
  assert.deepEqual([first.status, second.status], ['rejected', 'fulfilled']);
});
