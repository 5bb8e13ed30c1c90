// Reading a workflow's log: whatever is written meanwhile, a read is one moment of that log and of no other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { contractOf, encodeEvent, EXPECTED_LAST, START, workflowFilter } from '@troupe/contracts';
import type { EventDraft, MessageType, Position, StoredEvent, WorkflowKey } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { LOG_STREAM, plannerConsumer } from '@troupe/shared';
import { DirectReader } from '../../../shared/src/nats/direct.ts';
import { PullConsumer } from '../../../shared/src/nats/pull.ts';
import { append, assertChain, draftOf, someWorkflow } from '../support/events.ts';
import { holds } from '../support/property.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
let kernel: Kernel;
before(async () => {
  server = await startTestServer();
  kernel = await server.kernel();
});
after(async () => {
  await kernel[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const TYPES: MessageType[] = [
  'llm.requested',
  'llm.completed',
  'tool.requested',
  'tool.completed',
  'timer.fired',
];

/** Writes a log of `length` events of changing types, by one writer that does not wait for each. */
async function writeLog(key: WorkflowKey, length: number): Promise<void> {
  const { publisher } = kernel;
  let previous = 0;
  const first = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  const publish = (draft: EventDraft, sequence: number) => {
    const { subject, headers, body } = encodeEvent(draft, sequence, new Date());
    headers[EXPECTED_LAST] = String(previous);
    headers[`${EXPECTED_LAST}-Subject`] = workflowFilter(key);
    previous += 1;
    return publisher.publish(subject, headers, body, 10_000);
  };
  previous = first.seq;
  for (let done = 1; done < length; ) {
    const many = Array.from({ length: Math.min(500, length - done) }, (_, i) =>
      publish(draftOf(TYPES[(done + i) % TYPES.length]!, key, { name: `${done + i}` }), done + i + 1),
    );
    for (const outcome of await Promise.all(many)) assert.equal(outcome.kind, 'stored');
    done += many.length;
  }
}

test('a log of 10,000 events is read whole, in order', async () => {
  const key = someWorkflow();
  await writeLog(key, 10_000);
  const log = await kernel.log.read.whole(key);
  assert.equal(log.length, 10_000);
  assertChain(log, key);
});

test('a read while others append is an unbroken beginning of the log, and reaches at least what was asked for', async () => {
  const key = someWorkflow();
  let last: Position = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  const writing = new AbortController();
  const writer = (async () => {
    for (let i = 0; i < 250; i += 1)
      last = await append(kernel, draftOf(TYPES[i % TYPES.length]!, key, { name: `${i}` }), last);
    writing.abort();
  })();
  await using reader = await server.kernel('reader');
  const reads: StoredEvent[][] = [];
  while (!writing.signal.aborted) {
    const atLeast = last.seq;
    const log = await reader.log.read.whole(key, atLeast);
    assert.ok(log.at(-1)!.position.seq >= atLeast);
    reads.push(log);
  }
  await writer;
  const whole = await reader.log.read.whole(key);
  assertChain(whole, key);
  assert.ok(reads.length > 5);
  for (const log of reads) assert.deepEqual(log, whole.slice(0, log.length));
});

test('a read that cannot reach what was asked for says so with a stable code', async () => {
  const key = someWorkflow();
  await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  await assert.rejects(kernel.log.read.whole(key, 1_000_000), {
    name: 'RetryableError',
    code: 'log_lagging',
  });
});

test('a workflow that does not exist has an empty log and no head', async () => {
  assert.deepEqual(await kernel.log.read.whole(someWorkflow()), []);
  assert.equal(await kernel.log.read.head(someWorkflow()), undefined);
});

test('a tail is what stands behind one event up to another, whatever both are', async (t) => {
  const key = someWorkflow();
  await writeLog(key, 60);
  const log = await kernel.log.read.whole(key);
  const place = fc.nat({ max: 60 });
  const property = fc.asyncProperty(place, place, async (a, b) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    const seqOf = (length: number): number => log[length - 1]?.position.seq ?? 0;
    assert.deepEqual(await kernel.log.read.tail(seqOf(from), seqOf(to)), log.slice(from, to));
  });
  await holds(t, property, 40);
  assert.deepEqual(await kernel.log.read.head(key), log.at(-1));
});

test('reads of one workflow never see another, though ids begin alike or belong to another user', async () => {
  const ids = ['wf', 'wf_1', 'wf_10', 'wf_1_', 'w', 'WF_1', '1', '-', '_'];
  const users = ['al', 'alice', 'alice_', 'Alice', 'wf_1', '0'];
  const keys = users.flatMap((user) => ids.map((workflow) => ({ user, workflow }) as WorkflowKey));
  const drafts = keys.map((key) => draftOf('workflow.requested', key, { name: key.user }));
  const firsts = await Promise.all(drafts.map((draft) => append(kernel, draft)));
  await Promise.all(
    keys.map((key, i) => append(kernel, draftOf('timer.fired', key, { name: 'second' }), firsts[i])),
  );
  for (const [i, key] of keys.entries()) {
    const log = await kernel.log.read.whole(key);
    assertChain(log, key);
    assert.deepEqual(
      log.map(({ id }) => id),
      [drafts[i]!.id, draftOf('timer.fired', key, { name: 'second' }).id],
    );
  }
});

test('a log whose newest events are each nearly as large as a message may be is read whole', async () => {
  const key = someWorkflow();
  const text = 'x'.repeat(900_000);
  const large = {
    'llm.completed': { ...contractOf('llm.completed').example, turn: { text, tool_calls: [] } },
    'job.completed': { job_id: text, output: { text: '' } },
    'job.failed': { ...contractOf('job.failed').example, job_id: text },
    'tool.completed': { ...contractOf('tool.completed').example, call_id: text },
    'tool.failed': { ...contractOf('tool.failed').example, call_id: text },
    'tool.requested': { ...contractOf('tool.requested').example, call_id: text },
    'tool.started': { ...contractOf('tool.started').example, token: text },
    'notification.created': { ...contractOf('notification.created').example, notification_id: text },
  };
  let behind = START;
  for (let round = 0; round < 2; round += 1) {
    for (const [type, data] of Object.entries(large))
      behind = await append(
        kernel,
        draftOf(type as MessageType, key, { name: `${type}${round}`, data }),
        behind,
      );
  }
  const log = await kernel.log.read.whole(key);
  assert.equal(log.length, 16);
  assertChain(log, key);
});

test('an event is the same whether it was delivered or read, to the millisecond of its time', async (t) => {
  const delivered = new Map<number, number>();
  const pulls = Array.from({ length: 8 }, (_, shard) => {
    const pull: PullConsumer = new PullConsumer({
      connection: kernel.connection,
      stream: LOG_STREAM,
      consumer: plannerConsumer(shard),
      slots: 256,
      onGone: () => undefined,
      onDelivery: (delivery) => {
        delivered.set(delivery.seq, delivery.storedAt);
        delivery.ack();
        pull.done();
      },
    });
    t.after(() => pull.stop());
    return pull;
  });
  assert.equal(pulls.length, 8);
  const direct = new DirectReader(kernel.connection, LOG_STREAM);
  const subjects = new Set(
    (await direct.lastOfEach('agents.timer.fired.*.*.*')).map(({ subject }) => subject),
  );
  const read = (await Promise.all([...subjects].map((subject) => direct.allAt(subject)))).flat();
  assert.ok(read.length > 2_000);
  await until('all delivered', () => read.every(({ seq }) => delivered.has(seq)));
  for (const { seq, storedAt } of read) {
    assert.ok(Number.isInteger(storedAt));
    assert.equal(storedAt, delivered.get(seq));
  }
});

test('a read that the server does not answer ends with a stable code', async () => {
  const direct = new DirectReader(kernel.connection, 'NO_SUCH_STREAM');
  const unreadable = { name: 'RetryableError', code: 'stream_unreadable' };
  await assert.rejects(direct.get(1), unreadable);
  await assert.rejects(direct.allAt('x'), unreadable);
  await assert.rejects(direct.lastOfEach('x'), unreadable);
});

test('the newest of each subject are all of them, or an error where they do not fit into one answer', async () => {
  const direct = new DirectReader(kernel.connection, 'AGENTS_IN');
  const knock = (i: number) =>
    kernel.publisher.publish(`agents.workflow.requested.many-${i}`, {}, '{}', 5_000);
  await Promise.all(Array.from({ length: 500 }, (_, i) => knock(i)));
  assert.equal((await direct.lastOfEach('agents.workflow.requested.*')).length, 500);
  await knock(500);
  await assert.rejects(direct.lastOfEach('agents.workflow.requested.*'), { code: 'stream_unreadable' });
});
