// Events for tests: a workflow of its own per test, drafts with the data of the contract's example, and what every log must be.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { DataOf, EventDraft, MessageType, Position, StoredEvent, WorkflowKey } from '@troupe/contracts';
import { contractOf, eventId, START, UserId, WorkflowId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';

/** A workflow that no other test has. */
export const someWorkflow = (user = 'alice'): WorkflowKey => ({
  user: UserId.parse(user),
  workflow: WorkflowId.parse(`wf_${randomBytes(8).toString('hex')}`),
});

/** A draft of `type` with the example's data, or `data`. Equal `cause` and `name` give the same id. */
export function draftOf<Type extends MessageType>(
  type: Type,
  key: WorkflowKey,
  given: { name: string; cause?: string; data?: DataOf<Type> },
): EventDraft {
  const { name, cause = 'test' } = given;
  return {
    ...key,
    type,
    id: eventId(cause, `${key.workflow}/${name}`),
    source: '/troupe/test',
    correlationId: key.workflow,
    causationId: cause,
    data: given.data ?? contractOf(type).schema.parse(contractOf(type).example),
  } as EventDraft;
}

/** Appends `draft`, which nobody races, behind `after`, and returns where it stands. */
export async function append(kernel: Kernel, draft: EventDraft, after: Position = START): Promise<Position> {
  const result = await kernel.log.append(draft, { after });
  if (result.kind !== 'appended') assert.fail(`${draft.type} was not appended but ${result.kind}`);
  return result.position;
}

/** Numbered 1..n without gaps, each event naming the one before it, no id twice, all of one workflow. */
export function assertChain(events: readonly StoredEvent[], { user, workflow }: WorkflowKey): void {
  assert.deepEqual(
    events.map(({ position }) => position.sequence),
    events.map((_, i) => i + 1),
  );
  assert.deepEqual(
    events.map(({ previous }) => previous),
    events.map((_, i) => events[i - 1]?.position.seq ?? 0),
  );
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
  for (const event of events) assert.deepEqual([event.user, event.workflow], [user, workflow]);
}
