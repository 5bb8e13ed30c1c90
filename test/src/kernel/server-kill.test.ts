// nats-server is killed again and again under load, and started again on the same store: nothing that was acknowledged is lost,
// no place in a log is given twice, and workers and writers go on by themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventId, MessageType, Position, WorkflowKey } from '@troupe/contracts';
import { eventId, START } from '@troupe/contracts';
import { type Kernel, LOG_STREAM, RetryableError, startWorker } from '@troupe/shared';
import { assertChain, draftOf, someWorkflow } from '../support/events.ts';
import { dice } from '../support/property.ts';
import { startTestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const KILLS = 3;
const RUNS = 24;
const CALLS = 30;

/** A run that asks for one recall after the other; `acknowledged` is what it was told is stored. */
async function askOnAndOn(
  kernel: Kernel,
  key: WorkflowKey,
  acknowledged: Map<EventId, Position>,
): Promise<void> {
  const store = async (type: MessageType, name: string, after: Position): Promise<Position> => {
    const draft = draftOf(type, key, { name });
    const result = await kernel.log.append(draft, { after });
    assert.notEqual(result.kind, 'conflict');
    const position = result.kind === 'appended' ? result.position : result.tail[0]!.position;
    acknowledged.set(draft.id, position);
    return position;
  };
  const answered = async (asked: Position): Promise<Position> =>
    until(
      'an answer',
      async () => {
        const head = await kernel.log.read.head(key).catch(laterIfRetryable);
        return head !== undefined && head.position.seq > asked.seq && head.position;
      },
      30_000,
    );
  let behind = await store('workflow.requested', 'first', START);
  for (let i = 0; i < CALLS; i += 1)
    behind = await answered(await store('memory.requested', `call-${i}`, behind));
}

/** A read that met a server that was just away is made again. */
function laterIfRetryable(error: unknown): undefined {
  if (!(error instanceof RetryableError)) throw error;
}

test('kills of the server under load lose nothing acknowledged, break no chain, and stop nobody for long', async (t) => {
  const random = dice(t);
  await using server = await startTestServer();
  await using kernel = await server.kernel('writers');
  await using other = await server.kernel('workers');
  const acts = new Map<string, number>();
  const worker = startWorker<'memory.requested'>({
    kernel: other,
    service: 'memory',
    request: 'memory.requested',
    consumer: 'memory',
    concurrency: 64,
    maxAttempts: 10,
    acts: true,
    async handle({ id }) {
      acts.set(id, (acts.get(id) ?? 0) + 1);
      await sleep(random() * 20);
      return { type: 'memory.completed', data: { snippets: [] } };
    },
    givenUp: () => {
      throw new Error('nothing is given up here');
    },
    onFatal: () => undefined,
  });
  const keys = Array.from({ length: RUNS }, () => someWorkflow());
  const acknowledged = new Map<EventId, Position>();
  const writing = Promise.all(keys.map((key) => askOnAndOn(kernel, key, acknowledged)));

  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = acknowledged.size;
    await until('load', () => acknowledged.size > before + 100);
    await sleep(random() * 100);
    server.nats.kill('SIGKILL');
    await server.nats.restart();
    const working = acts.size;
    await until('the worker goes on', () => acts.size > working, 30_000);
  }
  await writing;
  assert.equal(acknowledged.size, RUNS * (CALLS + 1));

  const seqs: number[] = [];
  for (const key of keys) {
    const log = await kernel.log.read.whole(key);
    assertChain(log, key);
    assert.equal(log.length, 1 + 2 * CALLS);
    for (const { id, position, type, causationId } of log) {
      seqs.push(position.seq);
      if (type === 'memory.completed') assert.equal(id, eventId(causationId, 'outcome'));
      else assert.deepEqual(acknowledged.get(id), position);
    }
  }
  assert.equal(new Set(seqs).size, seqs.length);
  const repeated = [...acts.values()].reduce((sum, times) => sum + times - 1, 0);
  t.diagnostic(
    `${acts.size} requests, ${KILLS} kills, ${repeated} acts repeated for want of an outcome in the log`,
  );
  await until(
    'everything acked',
    async () => {
      const { consumers } = await kernel.connection.jetstreamManager();
      const { num_pending, num_ack_pending } = await consumers.info(LOG_STREAM, 'memory');
      return num_pending === 0 && num_ack_pending === 0;
    },
    30_000,
  );
  await worker.drain(1_000);
});
