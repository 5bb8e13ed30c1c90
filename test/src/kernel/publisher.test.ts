// What the publisher makes of what comes back: each answer of the stream, no answer, and answers of others.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { contractOf, START } from '@troupe/contracts';
import type { Kernel, PublishOutcome } from '@troupe/shared';
import { LOG_STREAM, TerminalError } from '@troupe/shared';
import { append, draftOf, someWorkflow } from '../support/events.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
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

const publish = (subject: string, body = '{}', timeoutMs = 5_000): Promise<PublishOutcome> =>
  kernel.publisher.publish(subject, {}, body, timeoutMs);

const logRefused = (error: unknown): boolean =>
  error instanceof TerminalError && error.failure.code === 'log_refused';

test('a stored message is told with its sequence in the stream', async () => {
  const first = await publish('agents-dead.test');
  const second = await publish('agents-dead.test');
  assert.deepEqual(
    [first, second],
    [1, 2].map((seq) => ({ kind: 'stored', seq })),
  );
});

test('a subject that no stream holds is unavailable, at once', async () => {
  assert.deepEqual(await publish('nobody.listens'), { kind: 'unavailable', description: 'no responders' });
});

test('a subscriber that never answers leaves the outcome unknown after the given time', async () => {
  const subscription = kernel.connection.subscribe('mute.subject', { callback: () => undefined });
  assert.deepEqual(await publish('mute.subject', '{}', 200), { kind: 'unknown' });
  subscription.unsubscribe();
});

test('what subscribers reply to the messages they read is not taken for the answer of the stream', async () => {
  await using reader = await server.kernel('reader');
  const replies = ['thanks', '{}', '{"seq":1}', '[]', '"stored"', 'null'];
  reader.connection.subscribe('agents.workflow.requested.*.*.*', {
    callback: (_error, message) => replies.forEach((reply) => message.respond(reply)),
  });
  await reader.connection.flush();
  for (let i = 0; i < 20; i += 1) {
    const key = someWorkflow();
    const position = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
    assert.deepEqual((await kernel.log.read.head(key))?.position, position);
  }
});

test('a message larger than the server takes is refused, and an append of one is given up with a stable code', async () => {
  const text = 'x'.repeat(1_100_000);
  assert.deepEqual(await publish('agents-dead.test', text), {
    kind: 'refused',
    code: 10054,
    description: 'message size exceeds maximum allowed',
  });
  const example = contractOf('llm.completed').example;
  const data = { ...example, turn: { text, tool_calls: [] } };
  const draft = draftOf('llm.completed', someWorkflow(), { name: 'huge', data });
  await assert.rejects(kernel.log.append(draft, { after: START }), logRefused);
});

test('headers larger than the server takes are refused, and an append with them is given up with a stable code', async () => {
  const draft = {
    ...draftOf('workflow.requested', someWorkflow(), { name: 'first' }),
    traceparent: 'x'.repeat(70_000),
  };
  await assert.rejects(kernel.log.append(draft, { after: START }), logRefused);
});

test('a lost connection makes every waiting publish unknown at once, and the next one is answered', async () => {
  await using proxy = await startTcpProxy(server.nats.url);
  await using far = await server.kernel('far', proxy.url);
  const mute = kernel.connection.subscribe('mute.subject', { callback: () => undefined });
  await kernel.connection.flush();
  const startedAt = performance.now();
  const waiting = far.publisher.publish('mute.subject', {}, '{}', 30_000);
  await far.connection.flush();
  proxy.cut();
  assert.deepEqual(await waiting, { kind: 'unknown' });
  assert.ok(performance.now() - startedAt < 10_000);
  const stored = await until('an answer', async () => {
    const outcome = await far.publisher.publish('agents-dead.test', {}, '{}', 1_000);
    return outcome.kind === 'stored' && outcome;
  });
  assert.equal(stored.kind, 'stored');
  mute.unsubscribe();
});

test('a full log takes no more: the append may be tried later, and what is stored stays', async () => {
  const manager = await kernel.connection.jetstreamManager();
  const { config, state } = await manager.streams.info(LOG_STREAM);
  const key = someWorkflow();
  const behind = await append(kernel, draftOf('workflow.requested', key, { name: 'first' }));
  await manager.streams.update(LOG_STREAM, { ...config, max_bytes: state.bytes + 2_000 });
  const fill = async (): Promise<never> => {
    let position = behind;
    for (let i = 0; ; i += 1)
      position = await append(kernel, draftOf('timer.fired', key, { name: `${i}` }), position);
  };
  await assert.rejects(fill(), { name: 'RetryableError', code: 'log_full', retryAfterMs: 5_000 });
  const stored = await kernel.log.read.whole(key);
  assert.equal(stored[0]?.type, 'workflow.requested');
  await manager.streams.update(LOG_STREAM, { ...config, max_bytes: config.max_bytes });
  await append(kernel, draftOf('timer.fired', key, { name: 'again' }), stored.at(-1)!.position);
});
