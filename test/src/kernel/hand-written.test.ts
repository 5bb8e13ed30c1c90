// Messages that somebody put into the log past `append`, through a fault or an attack. They are told by name and given up at
// once; nothing of other runs is touched, and nothing waits behind them.
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { ContractError, encodeEvent, logSubject, START, workflowFilter } from '@troupe/contracts';
import type { EventDraft, WorkflowKey } from '@troupe/contracts';
import { DEAD_STREAM, type Kernel, LOG_STREAM, startWorker } from '@troupe/shared';
import { append, draftOf, someWorkflow } from '../support/events.ts';
import { publishRaw } from '../support/raw-publish.ts';
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

/** Publishes an event with the given headers changed, without compare-and-set. */
async function smuggle(draft: EventDraft, changes: Record<string, string> = {}): Promise<void> {
  const { subject, headers, body } = encodeEvent(draft, 2, new Date());
  const block = Object.entries({ ...headers, ...changes }).map(([name, value]) => `${name}: ${value}\r\n`);
  await publishRaw(server.nats.url, subject, `NATS/1.0\r\n${block.join('')}\r\n`, body);
}

function memoryWorker(t: TestContext): { acted: string[] } {
  const acted: string[] = [];
  const actor = startWorker<'memory.requested'>({
    kernel,
    service: 'memory',
    request: 'memory.requested',
    consumer: 'memory',
    concurrency: 1,
    maxAttempts: 3,
    acts: true,
    handle: ({ workflow }) => {
      acted.push(workflow);
      return Promise.resolve({ type: 'memory.completed', data: { snippets: [] } });
    },
    givenUp: (_request, error) => ({ type: 'memory.failed', data: { error } }),
    onFatal: () => undefined,
  });
  t.after(() => actor.drain(0));
  return { acted };
}

async function asking(key: WorkflowKey = someWorkflow()): Promise<WorkflowKey> {
  const first = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  await append(kernel, draftOf('memory.requested', key, { name: 'recall' }), first);
  return key;
}

async function lettersOf(subject: string): Promise<{ code: string; attempts: number }[]> {
  const { streams } = await kernel.connection.jetstreamManager();
  const { state } = await streams.info(DEAD_STREAM);
  const found: { code: string; attempts: number }[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const letter: { subject: string; attempts: number; error: { code: string } } = (
      await streams.getMessage(DEAD_STREAM, { seq })
    ).json();
    if (letter.subject === subject) found.push({ code: letter.error.code, attempts: letter.attempts });
  }
  return found;
}

const settled = () =>
  until('nothing waits', async () => {
    const { consumers } = await kernel.connection.jetstreamManager();
    const { num_pending, num_ack_pending } = await consumers.info(LOG_STREAM, 'memory');
    return num_pending === 0 && num_ack_pending === 0;
  });

test('requests that break their contract are dead-lettered at once by name, and those behind them are answered', async (t) => {
  const { acted } = memoryWorker(t);
  const key = someWorkflow('mallory');
  const subject = logSubject('memory.requested', key);
  const hostile: [string, string][] = [
    ['NATS/1.0\r\n\r\n', 'not json'],
    ['NATS/1.0\r\nce-id: x\r\n\r\n', '{"query":"q","k":1}'],
    ['NATS/1.0\r\nbad name: x\r\n\r\n', ''],
    ['NATS/1.0 503 No Responders\r\n\r\n', ''],
    [`NATS/1.0\r\nx: ${'y'.repeat(60_000)}\r\n\r\n`, '{}'],
    ['NATS/1.0\r\nNats-Sequence: 1\r\nNats-Subject: agents.x\r\n\r\n', '\uFEFF{}'],
  ];
  for (const [headers, body] of hostile) await publishRaw(server.nats.url, subject, headers, body);
  const good = await asking();
  await until('the good one is answered', () => acted.includes(good.workflow));
  await settled();
  assert.deepEqual(
    await lettersOf(subject),
    hostile.map(() => ({ code: 'contract_broken', attempts: 1 })),
  );
});

test('a run that somebody wrote into past append is given up by name; its readers and writers are told, others go on', async (t) => {
  const key = await asking();
  await smuggle(draftOf('timer.fired', key, { name: 'smuggled' }));
  await assert.rejects(kernel.log.read.whole(key), ContractError);
  await assert.rejects(kernel.log.read.head(key), ContractError);
  const next = draftOf('llm.requested', key, { name: 'next' });
  await assert.rejects(kernel.log.append(next, { after: START }), ContractError);
  const { acted } = memoryWorker(t);
  const good = await asking();
  await until('the good one is answered', () => acted.includes(good.workflow));
  await settled();
  assert.deepEqual(acted, [good.workflow]);
  assert.deepEqual(await lettersOf(logSubject('memory.requested', key)), [
    { code: 'contract_broken', attempts: 1 },
  ]);
});

test('an event that names a predecessor it does not have is noticed by whoever walks over it', async () => {
  const key = await asking();
  const [first] = await kernel.log.read.whole(key);
  // Compare-and-set over its own subject only: the server lets it pass, and it seems to follow nothing.
  await smuggle(draftOf('timer.fired', key, { name: 'smuggled' }), {
    'Nats-Expected-Last-Subject-Sequence': '0',
  });
  const behindFirst = kernel.log.append(draftOf('llm.requested', key, { name: 'next' }), {
    after: first!.position,
  });
  await assert.rejects(behindFirst, ContractError);
  await assert.rejects(kernel.log.read.whole(key), { code: 'log_lagging' });
});

test('an event of a type that this version does not know counts, and means nothing', async (t) => {
  const key = await asking();
  const log = await kernel.log.read.whole(key);
  const last = log.at(-1)!.position;
  const { headers } = encodeEvent(
    draftOf('timer.fired', key, { name: 'young' }),
    last.sequence + 1,
    new Date(),
  );
  const outcome = await kernel.publisher.publish(
    logSubject('workflow.imagined', key),
    {
      ...headers,
      'ce-type': 'workflow.imagined',
      'Nats-Expected-Last-Subject-Sequence': String(last.seq),
      'Nats-Expected-Last-Subject-Sequence-Subject': workflowFilter(key),
    },
    '{"anything":[1,2,3]}',
    5_000,
  );
  assert.equal(outcome.kind, 'stored');
  memoryWorker(t);
  await until(
    'answered behind it',
    async () => (await kernel.log.read.head(key))?.type === 'memory.completed',
  );
  assert.deepEqual(
    (await kernel.log.read.whole(key)).map(({ type }) => type),
    ['workflow.requested', 'memory.requested', 'unknown', 'memory.completed'],
  );
});
