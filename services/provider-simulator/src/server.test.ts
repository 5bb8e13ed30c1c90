// The simulator as a server: what it records, what its own endpoints refuse, how it waits and ends.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, beforeEach, test } from 'node:test';
import OpenAI from 'openai';
import { startSimulator } from './server.ts';
import { addScript, anthropicClient, eventually, openaiClient, readRecord } from './test-support/clients.ts';

const simulator = await startSimulator();
after(() => simulator[Symbol.asyncDispose]());
const openai = openaiClient(simulator.url);
const anthropic = anthropicClient(simulator.url);
const model = 'any-model';
const message = { model, max_tokens: 1_000, messages: [{ role: 'user' as const, content: 'hello' }] };

beforeEach(() => fetch(`${simulator.url}/simulator/record`, { method: 'DELETE' }));

test('the counts of the record are those that the SDKs were told', async () => {
  const responses = await Promise.all(
    ['one', 'two two'].map((input) => openai.responses.stream({ model, input }).finalResponse()),
  );
  const answer = await anthropic.messages.stream(message).finalMessage();
  const sum = (numbers: (number | undefined)[]): number => numbers.reduce<number>((a, b) => a + (b ?? 0), 0);
  const { totals } = await readRecord(simulator.url);
  const found = totals.map((total) => [
    total.endpoint,
    total.completed,
    total.input_tokens,
    total.output_tokens,
  ]);
  assert.deepEqual(found, [
    [
      'responses',
      2,
      sum(responses.map(({ usage }) => usage?.input_tokens)),
      sum(responses.map(({ usage }) => usage?.output_tokens)),
    ],
    ['messages', 1, answer.usage.input_tokens, answer.usage.output_tokens],
  ]);
});

test('the record names what a call carried but never its key', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await openai.responses.create(
    { model, input: 'hello' },
    { headers: { traceparent, 'idempotency-key': 'i1' } },
  );
  const text = await (await fetch(`${simulator.url}/simulator/record?last=1`)).text();
  const { calls } = JSON.parse(text) as { calls: [{ headers: unknown; goal: string }] };
  assert.deepEqual(calls[0].headers, { traceparent, idempotency_key: 'i1' });
  assert.equal(calls[0].goal, 'hello');
  assert.ok(!text.includes('test-key'));
});

test('a script that is not JSON, or not a script, is refused with the reason', async () => {
  const post = (type: string, body: string): Promise<Response> =>
    fetch(`${simulator.url}/simulator/script`, { method: 'POST', headers: { 'content-type': type }, body });
  assert.equal((await post('text/plain', '[]')).status, 415);
  const refused = await post('application/json', '[{"then":{"kind":"explode"}}]');
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /invalid_script/);
});

test('configured latency is waited before every answer', async () => {
  await using slow = await startSimulator({ latencyMs: 20 });
  const started = performance.now();
  await openaiClient(slow.url).responses.create({ model, input: 'hello' });
  assert.ok(performance.now() - started >= 19);
});

test('disposing the simulator breaks off calls in work', async () => {
  const other = await startSimulator();
  await addScript(other.url, { then: { kind: 'hang' } });
  const call = assert.rejects(
    openaiClient(other.url).responses.create({ model, input: 'x' }),
    OpenAI.APIConnectionError,
  );
  await eventually(async () => assert.equal((await readRecord(other.url)).calls.length, 1));
  await other[Symbol.asyncDispose]();
  await call;
});

test('a caller that leaves while it still sends its request disturbs nobody', async () => {
  const errors: unknown[] = [];
  await using other = await startSimulator({ onError: (error) => errors.push(error) });
  const socket = connect(Number(new URL(other.url).port), '127.0.0.1');
  const head = 'POST /v1/responses HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n{"model"';
  await new Promise((resolve) => socket.write(head, resolve));
  socket.destroy();
  assert.equal((await readRecord(other.url)).calls.length, 0);
  await openaiClient(other.url).responses.create({ model, input: 'hello' });
  assert.deepEqual(errors, []);
});

test('a body that is too large is refused with 413 after it was sent', async () => {
  const response = await fetch(`${simulator.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': 'k', 'anthropic-version': '2026-10-21' },
    body: ' '.repeat(33 * 1024 * 1024),
  });
  assert.equal(response.status, 413);
  assert.match(await response.text(), /"type":"request_too_large"/);
});
