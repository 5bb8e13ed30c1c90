// A run as it is found everywhere: at the door, in the log, the object store, the books, the lists, among timers and dead letters, and in
// memory; each with a text that can be looked for afterwards.
import type { DataOf, EventDraft, MessageType, WorkflowKey } from '@troupe/contracts';
import {
  contractOf,
  CorrelationId,
  deadSubject,
  doorSubject,
  eventId,
  firedSubject,
  ledgerSubject,
  logSubject,
  RUNS_BUCKET,
  runSummaryKey,
  START,
  UserId,
  WorkflowId,
} from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { BUDGETS_BUCKET, DOOR_STREAM, streamId } from '@troupe/shared';
import type { MemoryStore } from '../store.ts';
import { wordEmbedding } from './word-embedder.ts';

export interface Planted extends WorkflowKey {
  readonly canary: string;
  /** Writes a further event of the run. */
  write<Type extends MessageType>(type: Type, data: DataOf<Type>): Promise<number>;
  complete(): Promise<number>;
}

export interface PlantOptions {
  readonly user: string;
  readonly workflow: string;
  readonly canary: string;
  /** A text that goes to the object store. Default: one with the canary. */
  readonly large?: string;
  /** Whether the request names the run. Default: yes. */
  readonly named?: boolean;
}

const LARGE_CHARACTERS = 300_000;

/** Its log has no end yet. */
export async function plantRun(
  { kernel, store }: { readonly kernel: Kernel; readonly store: MemoryStore },
  { user: userName, workflow: workflowName, canary, large, named = true }: PlantOptions,
): Promise<Planted> {
  const key = { user: UserId.parse(userName), workflow: WorkflowId.parse(workflowName) };
  const { user, workflow } = key;
  const put = async (subject: string, body: unknown): Promise<number> => {
    const outcome = await kernel.publisher.publish(subject, {}, JSON.stringify(body), 5_000);
    if (outcome.kind !== 'stored') throw new Error(`${subject}: ${outcome.kind}`);
    return outcome.seq;
  };
  const request = { goal: canary, ...(named ? { user_id: user, workflow_id: workflow } : { user_id: user }) };
  const asked = await put(doorSubject('workflow.requested'), request);
  let after = START;
  const write: Planted['write'] = async (type, data) => {
    const draft = {
      ...{ type, data, user, workflow, source: '/test', correlationId: CorrelationId.parse('c') },
      id: eventId(`${user}/${workflow}`, `${after.sequence}`),
      causationId: after.seq === 0 ? `${await streamId(kernel.connection, DOOR_STREAM)}/${asked}` : 'test',
    };
    const result = await kernel.log.append(draft as unknown as EventDraft, { after });
    if (result.kind !== 'appended') throw new Error(`${type}: ${result.kind}`);
    after = result.position;
    return after.seq;
  };
  const first = await write('workflow.requested', {
    ...contractOf('workflow.requested').example,
    goal: canary,
    history: [{ role: 'user', content: canary }],
  });
  const text = large ?? `${canary} ${'x'.repeat(LARGE_CHARACTERS)}`;
  await write('tool.completed', { tool: 'browse', call_id: 'call_1', output: { text } });

  await put(doorSubject('workflow.signalled', user), { workflow_id: workflow, name: 's', data: canary });
  await put(firedSubject(key, 'timer'), { canary });
  await put(ledgerSubject({ ...key, request: eventId('x', 'y') }, 1), { canary });
  await put(`$KV.${RUNS_BUCKET}.${runSummaryKey(key)}`, { goal: canary, status: 'running' });
  await put(`$KV.${RUNS_BUCKET}.${runSummaryKey(key)}`, { goal: canary, status: 'completed' });
  await put(`$KV.${BUDGETS_BUCKET}.workflow.${user}.${workflow}`, { canary });
  for (const [subject, seq] of [
    [logSubject('tool.completed', key), first],
    [doorSubject('workflow.requested'), asked],
  ] as const)
    await put(deadSubject('test'), letterAbout(subject, seq, request));
  const memory = { kind: 'outcome', text: canary, workflow, createdAt: new Date(), eventSeq: first } as const;
  await store.put(user, [{ ...memory, embedding: wordEmbedding(canary) }]);
  return {
    ...{ ...key, canary, write },
    complete: () =>
      write('workflow.completed', {
        ...contractOf('workflow.completed').example,
        ...{ user_id: user, workflow_id: workflow, status: 'completed', answer: canary },
      }),
  };
}

const letterAbout = (subject: string, seq: number, body: unknown) => ({
  ...{ consumer: 'test', subject, seq, attempts: 1 },
  body_base64: Buffer.from(JSON.stringify(body)).toString('base64'),
});
