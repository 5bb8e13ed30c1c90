// The worker's three rules, against duplicates, late results and requests that cannot be done:
//  W1 what the log says was done is not done again, W2 a closed request gets no result, W3 what is given up is said to have failed.
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { contractOf, eventId, START } from '@troupe/contracts';
import type { LogEvent, Position, WorkflowKey } from '@troupe/contracts';
import { type Kernel, LOG_STREAM, startWorker, type WorkerOptions } from '@troupe/shared';
import { RetryableError, TerminalError } from '@troupe/shared';
import { declaredConsumers } from '../../../shared/src/provision/declared.ts';
import { append, assertChain, draftOf, someWorkflow } from '../support/events.ts';
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

type ToolWorker = WorkerOptions<'tool.requested'>;
type Call = LogEvent<'tool.requested'>;

const completed = ({ data }: Call) =>
  ({
    type: 'tool.completed',
    data: { tool: data.tool.name, call_id: data.call_id, output: { text: '{}' } },
  }) as const;

/** A tool worker that is drained at the end of the test. `acts` counts what it did, by workflow. */
function toolWorker(t: TestContext, options: Partial<ToolWorker> & { by?: Kernel } = {}) {
  const acts = new Map<string, number>();
  const { by = kernel, handle, ...rest } = options;
  const actor = startWorker<'tool.requested'>({
    kernel: by,
    service: 'tool-executor',
    request: 'tool.requested',
    consumer: 'tool-executor',
    concurrency: 8,
    maxAttempts: 3,
    acts: true,
    givenUp: ({ data }, error) => ({
      type: 'tool.failed',
      data: { tool: data.tool.name, call_id: data.call_id, error, retryable: false, outcome: 'not_done' },
    }),
    onFatal: () => undefined,
    ...rest,
    handle: (request, context) => {
      acts.set(request.workflow, (acts.get(request.workflow) ?? 0) + 1);
      return handle === undefined ? Promise.resolve(completed(request)) : handle(request, context);
    },
  });
  t.after(() => actor.drain(0));
  return { acts, actor };
}

/** A run that has asked for one tool call. */
async function calling(key: WorkflowKey = someWorkflow()): Promise<{ key: WorkflowKey; id: string; behind: Position }> {
  const first = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  const draft = draftOf('tool.requested', key, { name: 'call' });
  return { key, id: draft.id, behind: await append(kernel, draft, first) };
}

const typesOf = async (key: WorkflowKey): Promise<string[]> => (await kernel.log.read.whole(key)).map(({ type }) => type);
const ends = (key: WorkflowKey, type: string) => until(`${type} of ${key.workflow}`, async () => (await typesOf(key)).at(-1) === type);
const unacknowledged = async (): Promise<number> =>
  (await (await kernel.connection.jetstreamManager()).consumers.info(LOG_STREAM, 'tool-executor')).num_ack_pending;

test('a request gets one outcome, behind it, caused by it', async (t) => {
  toolWorker(t);
  const { key, id } = await calling();
  await ends(key, 'tool.completed');
  const log = await kernel.log.read.whole(key);
  assertChain(log, key);
  assert.deepEqual([log.length, log[2]?.causationId, log[2]?.id], [3, id, eventId(id, 'outcome')]);
});

test('requests that are all delivered again are not acted upon again and get no second outcome (W1)', async (t) => {
  const before = toolWorker(t);
  const runs = await Promise.all(Array.from({ length: 30 }, () => calling()));
  for (const { key } of runs) await ends(key, 'tool.completed');
  await before.actor.drain(1_000);
  // A consumer made anew is given everything from the beginning, as new.
  const { consumers } = await kernel.connection.jetstreamManager();
  const declared = declaredConsumers().find(({ config }) => config.durable_name === 'tool-executor')!;
  await consumers.delete(LOG_STREAM, 'tool-executor');
  await consumers.add(LOG_STREAM, declared.config);
  const again = toolWorker(t);
  await until('all delivered again', async () => {
    const { num_pending, num_ack_pending } = await consumers.info(LOG_STREAM, 'tool-executor');
    return num_pending === 0 && num_ack_pending === 0;
  });
  assert.equal(again.acts.size, 0);
  for (const { key } of runs) assert.equal((await typesOf(key)).length, 3);
});

test('a worker that is killed between its outcome and its ack is not followed by a second act (W1)', async (t) => {
  const victim = await server.kernel('victim');
  const deaf = Object.create(victim.connection, {
    publish: {
      value: (subject: string, ...rest: [Uint8Array]) => {
        if (!subject.startsWith('$JS.ACK')) victim.connection.publish(subject, ...rest);
      },
    },
  }) as Kernel['connection'];
  const dying = toolWorker(t, { by: { ...victim, connection: deaf } });
  const { key } = await calling();
  await ends(key, 'tool.completed');
  await sleep(50);
  await victim[Symbol.asyncDispose]();
  const { consumers } = await kernel.connection.jetstreamManager();
  const info = await consumers.info(LOG_STREAM, 'tool-executor');
  assert.equal(info.num_ack_pending, 1);
  await consumers.update(LOG_STREAM, 'tool-executor', { ...info.config, ack_wait: 500e6 });
  const next = toolWorker(t);
  await until('acked', async () => (await unacknowledged()) === 0, 30_000);
  await consumers.update(LOG_STREAM, 'tool-executor', info.config);
  assert.deepEqual([dying.acts.get(key.workflow), next.acts.get(key.workflow)], [1, undefined]);
});

test('two workers that do the same request at the same time write one outcome', async (t) => {
  const { key, id, behind } = await calling();
  const bothActed = Promise.withResolvers<void>();
  let acting = 0;
  const handle: ToolWorker['handle'] = async (request) => {
    acting += 1;
    if (acting === 2) bothActed.resolve();
    await bothActed.promise;
    return completed(request);
  };
  const first = toolWorker(t, { handle });
  await until('the first acts', () => acting === 1);
  // The same delivery once more, to another process.
  await using other = await server.kernel('other');
  const { consumers } = await kernel.connection.jetstreamManager();
  const declared = declaredConsumers().find(({ config }) => config.durable_name === 'tool-executor')!;
  await consumers.add(LOG_STREAM, {
    ...declared.config,
    durable_name: 'second',
    deliver_policy: 'by_start_sequence' as never,
    opt_start_seq: behind.seq,
  });
  const second = startWorker<'tool.requested'>({
    kernel: { ...other, connection: redirected(other.connection, 'tool-executor', 'second') },
    service: 'tool-executor',
    request: 'tool.requested',
    consumer: 'tool-executor',
    concurrency: 1,
    maxAttempts: 3,
    acts: true,
    handle,
    givenUp: () => {
      throw new Error('not given up here');
    },
    onFatal: () => undefined,
  });
  t.after(() => second.drain(0));
  await ends(key, 'tool.completed');
  await until('both acked', async () => {
    const info = await consumers.info(LOG_STREAM, 'second');
    return info.num_ack_pending === 0 && (await unacknowledged()) === 0;
  });
  const log = await kernel.log.read.whole(key);
  assertChain(log, key);
  assert.deepEqual([acting, log.length, log[2]?.id], [2, 3, eventId(id, 'outcome')]);
  await Promise.all([first.actor.drain(0), second.drain(0)]);
  await consumers.delete(LOG_STREAM, 'second');
});

/** A connection on which pulls of one consumer become pulls of another. */
function redirected(connection: Kernel['connection'], from: string, to: string): Kernel['connection'] {
  const publish: Kernel['connection']['publish'] = (subject, ...rest) =>
    connection.publish(subject.endsWith(`.${from}`) ? subject.replace(new RegExp(`${from}$`), to) : subject, ...rest);
  return new Proxy(connection, {
    get: (target, name) => {
      if (name === 'publish') return publish;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

for (const closing of ['tool.cancelled', 'workflow.cancelled'] as const) {
  test(`a result that comes after ${closing} is not written, and its request is done with (W2)`, async (t) => {
    const acting = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const { actor } = toolWorker(t, {
      handle: async (request) => {
        acting.resolve();
        await release.promise;
        return completed(request);
      },
    });
    const { key, id, behind } = await calling();
    await acting.promise;
    await append(kernel, draftOf(closing, key, { name: 'close', cause: id }), behind);
    release.resolve();
    await until('acked', async () => (await unacknowledged()) === 0);
    assert.deepEqual((await typesOf(key)).slice(2), [closing]);
    await actor.drain(0);
  });
}

test('a request that was closed before its worker saw it is not acted upon (W1)', async (t) => {
  const closed = await calling();
  await append(kernel, draftOf('tool.cancelled', closed.key, { name: 'close', cause: closed.id }), closed.behind);
  const ended = await calling();
  await append(kernel, draftOf('workflow.failed', ended.key, { name: 'terminal' }), ended.behind);
  const { acts } = toolWorker(t);
  await until('acked', async () => (await unacknowledged()) === 0);
  const open = await calling();
  await ends(open.key, 'tool.completed');
  assert.deepEqual([...acts], [[open.key.workflow, 1]]);
});

test('an outcome or cancellation of another request of the same run closes nothing', async (t) => {
  const { key, behind } = await calling();
  const other = await append(kernel, draftOf('tool.cancelled', key, { name: 'x', cause: 'another' }), behind);
  await append(kernel, draftOf('tool.completed', key, { name: 'y', cause: 'another' }), other);
  toolWorker(t);
  await until('an outcome', async () => (await typesOf(key)).length === 5);
});

test('a request that cannot be done is dead-lettered, followed by its failure, and holds back nothing (W3)', async (t) => {
  const poisons = new Map<string, () => Error>();
  toolWorker(t, {
    concurrency: 2,
    handle: (request) => {
      const poison = poisons.get(request.workflow);
      return poison === undefined ? Promise.resolve(completed(request)) : Promise.reject(poison());
    },
  });
  const failure = { code: 'tool_broken', message: 'z'.repeat(5_000), hint: 'Mend it.' };
  const kinds: [string, () => Error][] = [
    ['tool_broken', () => new TerminalError(failure)],
    ['internal_error', () => new TypeError('a bug')],
    ['site_down', () => new RetryableError('site_down', 'w'.repeat(5_000), { retryAfterMs: 10 })],
  ];
  const cases = kinds.map(([code, poison]) => {
    const key = someWorkflow();
    poisons.set(key.workflow, poison);
    return { key, code };
  });
  for (const { key } of cases) await calling(key);
  const behind = await Promise.all(Array.from({ length: 10 }, () => calling()));
  for (const { key } of behind) await ends(key, 'tool.completed');
  for (const { key, code } of cases) {
    await ends(key, 'tool.failed');
    const failed = (await kernel.log.read.head(key)) as LogEvent<'tool.failed'>;
    assert.equal(failed.data.error.code, code);
  }
  const { streams } = await kernel.connection.jetstreamManager();
  const { state } = await streams.info('AGENTS_DEAD', { subjects_filter: 'agents-dead.tool-executor' });
  assert.equal(state.subjects?.['agents-dead.tool-executor'], 3);
});

test('a result that the log will never take is given up like any failure (W3)', async (t) => {
  const huge = { text: 'x'.repeat(1_100_000) };
  toolWorker(t, {
    handle: (request) =>
      Promise.resolve({ ...completed(request), data: { ...completed(request).data, call_id: huge.text } }),
  });
  const { key } = await calling();
  await ends(key, 'tool.failed');
  assert.equal(((await kernel.log.read.head(key)) as LogEvent<'tool.failed'>).data.error.code, 'log_refused');
});

test('what an act writes beside its outcome is written once, however often the request is delivered', async (t) => {
  let attempts = 0;
  toolWorker(t, {
    handle: async (request, { write, behind }) => {
      attempts += 1;
      const started = await write('tool.started', 'started', { tool: request.data.tool.name, token: `t${attempts}` });
      if (attempts === 1) throw new RetryableError('died', 'After the intent.', { retryAfterMs: 10 });
      assert.deepEqual([started.kind, behind.length], ['present', 1]);
      await write('notification.created', 'note', contractOf('notification.created').example as never);
      return completed(request);
    },
  });
  const { key } = await calling();
  await ends(key, 'tool.completed');
  assert.deepEqual((await typesOf(key)).slice(2), ['tool.started', 'notification.created', 'tool.completed']);
});

test('many workers answering many requests of one run at once write each outcome once, in an unbroken chain', async (t) => {
  toolWorker(t, { handle: async (request) => completed(await sleep(Math.random() * 10, request)) });
  await using other = await server.kernel('other');
  toolWorker(t, { by: other, handle: async (request) => completed(await sleep(Math.random() * 10, request)) });
  const key = someWorkflow();
  let behind = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  const calls = 32;
  for (let i = 0; i < calls; ) {
    const result = await kernel.log.append(draftOf('tool.requested', key, { name: `call-${i}` }), { after: behind });
    if (result.kind === 'appended') {
      behind = result.position;
      i += 1;
    } else behind = result.tail.at(-1)?.position ?? START;
  }
  await until('all answered', async () => (await typesOf(key)).filter((type) => type === 'tool.completed').length === calls);
  const log = await kernel.log.read.whole(key);
  assertChain(log, key);
  assert.equal(log.length, 1 + 2 * calls);
});
