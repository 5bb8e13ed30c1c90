// Embeddings by a provider, over HTTP against the simulator.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, beforeEach, suite, test } from 'node:test';
import { RetryableError, TerminalError } from '@troupe/shared';
import { testGateway } from '../test-support/gateway.ts';
import { startSimulator } from '../test-support/simulator.ts';
import { answerEmbed } from './answer.ts';

const simulator = await startSimulator();
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

suite('embeddings by OpenAI', { concurrency: false, timeout: 240_000 }, () => {
  beforeEach(() => simulator.reset());
  after(() => simulator[Symbol.asyncDispose]());

  test('vectors come in the order of the texts, in the dimensions that are named', async () => {
    const { embedder } = testGateway(simulator.url);
    const texts = ['the invoice is paid', 'a walk with the dog', 'the invoice is paid'];
    const { model, dimensions, vectors } = await answerEmbed(embedder, { texts });
    assert.deepEqual([model, dimensions], ['text-embedding-3-small', 1_536]);
    const [first, second, third] = vectors;
    assert.ok(first && second && third);
    assert.deepEqual(first, third);
    assert.ok(dot(first, second) < 0.9);
    assert.ok(Math.abs(dot(first, first) - 1) < 1e-3);
  });

  test('a fault of the provider is retried, and no other model is ever asked', async () => {
    await simulator.script({ then: { kind: 'error', status: 500 } });
    const { embedder } = testGateway(simulator.url);
    await answerEmbed(embedder, { texts: ['hello'] });
    assert.deepEqual(
      (await simulator.calls()).map(({ model }) => model),
      ['text-embedding-3-small', 'text-embedding-3-small'],
    );
    await simulator.script({ times: null, then: { kind: 'error', status: 500 } });
    await assert.rejects(answerEmbed(embedder, { texts: ['hello'] }), RetryableError);
    assert.equal(new Set((await simulator.calls()).map(({ model }) => model)).size, 1);
  });

  test('a rejected text is the caller’s fault and not retried', async () => {
    await simulator.script({ times: null, then: { kind: 'error', status: 400 } });
    await assert.rejects(
      answerEmbed(testGateway(simulator.url).embedder, { texts: ['hello'] }),
      TerminalError,
    );
    assert.equal((await simulator.calls()).length, 1);
  });

  test('more texts than fit into one reply are refused with the number that does', async () => {
    const { embedder } = testGateway(simulator.url);
    const texts = Array.from({ length: 256 }, (_, i) => `text ${i}`);
    await assert.rejects(answerEmbed(embedder, { texts }), /too_many_texts/);
    assert.equal((await simulator.calls()).length, 0);
    const reply = await answerEmbed(embedder, { texts: texts.slice(0, 41) });
    assert.ok(JSON.stringify(reply).length < 1024 * 1024);
  });

  test('answers out of order are put in order, and vectors of another length are refused', async () => {
    const vector = (value: number, length: number): number[] => Array.from({ length }, () => value);
    let length = 1_536;
    const server = createServer((request, response) => {
      request.resume();
      const data = [1, 0].map((index) => ({ object: 'embedding', index, embedding: vector(index, length) }));
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ object: 'list', data }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { embedder } = testGateway(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const { vectors } = await answerEmbed(embedder, { texts: ['a', 'b'] });
      assert.deepEqual(
        vectors.map(([value]) => value),
        [0, 1],
      );
      length = 512;
      await assert.rejects(answerEmbed(embedder, { texts: ['a', 'b'] }), /malformed/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
