// Embeddings by a provider, over HTTP against the simulator.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, beforeEach, suite, test } from 'node:test';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { KeyInUse, Keys } from '../keys/keys.ts';
import { testGateway } from '../test-support/gateway.ts';
import { startSimulator } from '../test-support/simulator.ts';
import { Timer } from '../timer.ts';
import { answerEmbed } from './answer.ts';

const MODEL = 'text-embedding-3-small';

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
    assert.deepEqual([model, dimensions], [MODEL, 1_536]);
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
      [MODEL, MODEL],
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

  test('of texts that take several calls, only the call that failed is made again', async () => {
    const { embedder } = testGateway(simulator.url);
    const texts = Array.from({ length: 24 }, (_, i) => `text-${i}-`.padEnd(20_000, '.'));
    await simulator.script({ match: { contains: 'text-20-' }, then: { kind: 'error', status: 500 } });
    using time = new Timer(60_000);
    assert.equal((await embedder.embed(texts, time)).length, 24);
    const [first, second, again, ...more] = (await simulator.calls()).map(({ input_tokens, outcome }) => ({
      input_tokens,
      outcome,
    }));
    assert.deepEqual(first, { input_tokens: 75_000, outcome: 'completed' });
    assert.equal(second?.outcome, 'failed');
    assert.deepEqual(again, { input_tokens: 45_000, outcome: 'completed' });
    assert.deepEqual(more, []);
  });

  test('a key that is refused is followed by another one, for the same model', async () => {
    const reports: string[] = [];
    const inUse = (id: string): KeyInUse => ({
      id,
      group: id,
      secret: `sk-test-${id}`,
      report: (outcome) => reports.push(`${id}: ${outcome === 'good' ? 'good' : outcome.fault}`),
      [Symbol.dispose]: () => undefined,
    });
    const openai: Keys = {
      choose({ except }) {
        const id = ['one', 'two'].find((name) => !except.has(name));
        return id === undefined
          ? { kind: 'none', why: 'tried', retryAfterMs: undefined }
          : { kind: 'key', key: inUse(id) };
      },
    };
    const { embedder } = testGateway(simulator.url, {}, { parts: { keys: { openai, anthropic: openai } } });
    await simulator.script({ then: { kind: 'error', status: 401 } });
    await answerEmbed(embedder, { texts: ['hello'] });
    assert.deepEqual(reports, ['one: unauthorized', 'two: good']);
    assert.deepEqual(new Set((await simulator.calls()).map(({ model }) => model)), new Set([MODEL]));
  });

  test('a provider that takes too long is given up when the time of the query is over', async () => {
    await simulator.script({ times: null, then: { kind: 'latency', ms: 5_000 } });
    const { embedder } = testGateway(simulator.url);
    using time = new Timer(200);
    await assert.rejects(embedder.embed(['hello'], time), { code: 'embeddings_unavailable' });
  });

  test('answers out of order are put in order, and those of another length or model are refused', async () => {
    const honest = { length: 1_536, model: MODEL };
    let { length, model } = honest;
    await using server = await startServer(() => {
      const data = [1, 0].map((index) => ({
        ...{ object: 'embedding', index },
        embedding: Array.from({ length }, () => index),
      }));
      return { object: 'list', model, data };
    });
    const ask = (...texts: string[]) => answerEmbed(testGateway(server.url).embedder, { texts });
    const { vectors } = await ask('a', 'b');
    assert.deepEqual(
      vectors.map(([value]) => value),
      [0, 1],
    );
    ({ length, model } = { ...honest, length: 512 });
    await assert.rejects(ask('a', 'b'), /malformed/);
    ({ length, model } = { ...honest, model: 'text-embedding-3-large' });
    await assert.rejects(ask('a', 'b'), /malformed/);
    ({ length, model } = honest);
    await assert.rejects(ask('a', 'b', 'c'), /malformed/);
  });

  test('an answer that the SDK stumbles over is malformed', async () => {
    const answers = [
      { data: null },
      { data: 'x' },
      { data: [null] },
      { data: [{ index: 0, embedding: null }] },
      { data: [{ index: 0, embedding: 'AAA=' }] },
    ];
    for (const answer of answers) {
      await using server = await startServer(() => ({ model: MODEL, ...answer }));
      const asked = answerEmbed(testGateway(server.url).embedder, { texts: ['a'] });
      await assert.rejects(asked, /malformed/, JSON.stringify(answer));
    }
  });
});

/** Answers every request with what `answer` gives. */
async function startServer(answer: () => object): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
