// Queries between services: every request gets an answer that says what happened, and no request or answer ends a service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rpc, UserId } from '@troupe/contracts';
import type { EmbedRequest, EmbedResponse } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { callRpc, RetryableError, serveRpc, TerminalError } from '@troupe/shared';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let kernel: Kernel;
let serving: Kernel;
let answer: (user: UserId, request: EmbedRequest) => Promise<EmbedResponse>;
before(async () => {
  server = await startTestServer();
  [kernel, serving] = [await server.kernel('asking'), await server.kernel('serving')];
  await serveRpc(serving, rpc.embed, (user, request) => answer(user, request));
  await serving.connection.flush();
});
after(async () => {
  for (const opened of [kernel, serving, server]) await opened[Symbol.asyncDispose]();
});

const user = UserId.parse('alice');
const ask = (texts: string[]): Promise<EmbedResponse> =>
  callRpc(kernel.connection, rpc.embed, { user, request: { texts }, timeoutMs: 20_000 });
const vectors = (n: number, dimensions: number): EmbedResponse => ({
  model: 'test',
  dimensions,
  vectors: Array.from({ length: n }, () => Array.from({ length: dimensions }, () => Math.random())),
});
const terminal = (code: string) => (error: unknown) =>
  error instanceof TerminalError && error.failure.code === code;
const retryable = (code: string) => (error: unknown) =>
  error instanceof RetryableError && error.code === code;

test('a query is answered, with the user of its subject', async () => {
  const users: string[] = [];
  answer = (from, { texts }) => {
    users.push(from);
    return Promise.resolve(vectors(texts.length, 3));
  };
  assert.equal((await ask(['a', 'b'])).vectors.length, 2);
  assert.deepEqual(users, ['alice']);
});

test('a query that breaks its contract, or names no user, is answered with what is wrong', async () => {
  await assert.rejects(ask([]), terminal('invalid_request'));
  for (const [subject, body] of [
    ['agents.rpc.llm-gateway.embed.alice', 'no json'],
    ['agents.rpc.llm-gateway.embed.a@b', '{"texts":["a"]}'],
  ] as const) {
    const reply = await kernel.connection.request(subject, body, { timeout: 2_000 });
    assert.equal(reply.json<{ error: { code: string } }>().error.code, 'invalid_request');
  }
});

test('a failure keeps its code, a bug gets one, and the service goes on', async () => {
  const failure = { code: 'no_key', message: 'x'.repeat(5_000), hint: 'Set one.' };
  answer = () => Promise.reject(new TerminalError(failure));
  await assert.rejects(ask(['a']), terminal('no_key'));
  answer = () => Promise.reject(new RetryableError('busy', 'y'.repeat(5_000)));
  await assert.rejects(ask(['a']), retryable('busy'));
  answer = () => Promise.reject(new TypeError('a bug'));
  await assert.rejects(ask(['a']), terminal('internal_error'));
  answer = () => {
    throw new Error('a bug');
  };
  await assert.rejects(ask(['a']), terminal('internal_error'));
});

test('an answer larger than the server takes is told as a failure, and the service goes on', async () => {
  answer = () => Promise.resolve(vectors(100, 1_536));
  await assert.rejects(ask(['a']), terminal('reply_too_large'));
  answer = () => Promise.resolve(vectors(1, 3));
  assert.equal((await ask(['a'])).dimensions, 3);
});

test('a query larger than the server takes is refused where it is asked', async () => {
  await assert.rejects(
    ask(Array.from({ length: 64 }, () => 'x'.repeat(32_000))),
    terminal('request_too_large'),
  );
});

test('a service that is away, or slow, can be asked again later', async () => {
  const search = { user, request: { query: 'x', k: 1 }, timeoutMs: 500 };
  await assert.rejects(callRpc(kernel.connection, rpc.searchMemory, search), retryable('service_away'));
  answer = () => new Promise(() => undefined);
  await assert.rejects(
    callRpc(kernel.connection, rpc.embed, { user, request: { texts: ['a'] }, timeoutMs: 200 }),
    retryable('service_away'),
  );
});

test('a process that drains takes no more queries, and answers those that it took, but waits no longer than it may', async () => {
  const leaving = await server.kernel('leaving');
  const asked = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  await serveRpc(leaving, rpc.searchMemory, async () => {
    asked.resolve();
    await ready.promise;
    return { snippets: [] };
  });
  await leaving.connection.flush();
  const search = { user, request: { query: 'x', k: 1 }, timeoutMs: 5_000 };
  const answering = callRpc(kernel.connection, rpc.searchMemory, search);
  await asked.promise;
  const drained = leaving.micro.drain(60_000).then(() => 'drained');
  await leaving.micro.drain(20);
  await assert.rejects(callRpc(kernel.connection, rpc.searchMemory, search), retryable('service_away'));
  assert.equal(await Promise.race([drained, Promise.resolve('waiting')]), 'waiting');
  ready.resolve();
  assert.deepEqual(await answering, { snippets: [] });
  assert.equal(await drained, 'drained');
  await leaving[Symbol.asyncDispose]();
});

test('an answer that is ready only after the connection closed does not end the process', async () => {
  const leaving = await server.kernel('leaving');
  const asked = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  await serveRpc(leaving, rpc.searchMemory, async () => {
    asked.resolve();
    await ready.promise;
    return { snippets: [] };
  });
  await leaving.connection.flush();
  const search = { user, request: { query: 'x', k: 1 }, timeoutMs: 300 };
  const asking = assert.rejects(
    callRpc(kernel.connection, rpc.searchMemory, search),
    retryable('service_away'),
  );
  await asked.promise;
  await leaving[Symbol.asyncDispose]();
  ready.resolve();
  await asking;
});
