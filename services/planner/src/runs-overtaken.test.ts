// What a planner's memory of a run is worth when others went on with the run: it may accept, it never refuses.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { DataOf, EventDraft, MessageType, StoredEvent } from '@troupe/contracts';
import { contractOf, eventId, UserId, WorkflowId } from '@troupe/contracts';
import type { MachineFor } from './core/run.ts';
import { UnknownVersionError } from './core/run.ts';
import { Runs } from './runs.ts';
import { MemoryKernel } from './test-support/memory-kernel.ts';
import { requested } from './test-support/turns.ts';
import { agentMachine } from './workflows/agent-machine.ts';
import { automation } from './workflows/automation.ts';

const machine = agentMachine(automation);
const key = { user: UserId.parse('alice'), workflow: WorkflowId.parse('wf_1') };

let kernel: MemoryKernel;
beforeEach(() => {
  kernel = new MemoryKernel();
});

const planner = (machineFor: MachineFor = () => machine): Runs =>
  new Runs({
    append: kernel.append,
    read: kernel.read,
    clock: kernel.clock,
    knock: () => undefined,
    ended: () => undefined,
    machineFor,
    cached: 100,
  });

const draftOf = <Type extends MessageType>(type: Type, data: DataOf<Type>, causationId = 'outside') =>
  ({
    ...key,
    type,
    data,
    id: eventId(causationId, type),
    source: '/test',
    correlationId: key.workflow,
    causationId,
  }) as unknown as EventDraft;
const store = (draft: EventDraft): StoredEvent => kernel.log(key).add(draft);
const newest = (): StoredEvent | undefined => kernel.log(key).events.at(-1);

test('what is told to a run that others took further is recorded: the log is asked before it is refused', async () => {
  const [here, other] = [planner(), planner()];
  await here.deliver(store(draftOf('workflow.requested', requested())));
  const recall = kernel.log(key).events.find(({ type }) => type === 'memory.requested');
  await other.deliver(store(draftOf('memory.completed', { snippets: [] }, recall?.id)));
  const reached = kernel.log(key).position.sequence;
  const error = { code: 'some_code', message: 'm', hint: 'h' };
  // As a timer that the other has set meanwhile, and that fires here.
  await here.record(key, (run) =>
    (run?.position.sequence ?? 0) >= reached ? draftOf('job.failed', { job_id: 'job_1', error }) : undefined,
  );
  assert.equal(newest()?.type, 'job.failed');
});

test('an end that somebody else wrote is taken as it is, also where the run cannot be folded', async () => {
  await planner().deliver(store(draftOf('workflow.requested', requested())));
  const { schema, example } = contractOf('workflow.cancelled');
  const end = store(draftOf('workflow.cancelled', schema.parse(example)));
  const lacking = planner(() => {
    throw new UnknownVersionError('not here');
  });
  assert.equal(await lacking.deliver(end), undefined);
  assert.equal(kernel.done.at(-1), 'clear all');
});
