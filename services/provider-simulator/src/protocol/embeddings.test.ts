// The Embeddings API as the official SDK sees it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import OpenAI from 'openai';
import { startSimulator } from '../server.ts';
import { openaiClient, readRecord } from '../test-support/clients.ts';

const simulator = await startSimulator();
after(() => simulator[Symbol.asyncDispose]());
const client = openaiClient(simulator.url);
const model = 'text-embedding-3-small';

async function embed(...input: string[]): Promise<number[][]> {
  const { data } = await client.embeddings.create({ model, input });
  return data.map((entry) => entry.embedding);
}

const similarity = (a: number[] = [], b: number[] = []): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

test('base64, which the SDK asks for by default, and float carry the same vector', async () => {
  const [decoded] = await embed('the quick brown fox');
  const floats = await client.embeddings.create({
    model,
    input: 'the quick brown fox',
    encoding_format: 'float',
  });
  assert.deepEqual(decoded, floats.data[0]?.embedding);
});

test('the same text has the same vector of length 1, in the order of the inputs', async () => {
  const [one, other, again] = await embed('tea with milk', 'quarterly report', 'tea with milk');
  assert.deepEqual(one, again);
  assert.notDeepEqual(one, other);
  assert.ok(Math.abs(similarity(one, one) - 1) < 1e-5);
});

test('texts that share words are nearer than texts that do not', async () => {
  const [query, near, far] = await embed(
    'Which tea does the user prefer?',
    'The user said that green tea is what they prefer.',
    'Invoice 4711 was paid on Monday by bank transfer',
  );
  assert.ok(similarity(query, near) > similarity(query, far) + 0.2);
});

test('the vector has the requested dimensions, else those of the model', async () => {
  const small = await client.embeddings.create({ model, input: 'x', dimensions: 256 });
  const usual = await client.embeddings.create({ model, input: 'x' });
  const large = await client.embeddings.create({ model: 'text-embedding-3-large', input: 'x' });
  const lengths = [small, usual, large].map(({ data }) => data[0]?.embedding.length);
  assert.deepEqual(lengths, [256, 1_536, 3_072]);
});

test('a text without words still has a vector', async () => {
  const [dots] = await embed('...');
  assert.ok(Math.abs(similarity(dots, dots) - 1) < 1e-5);
});

test('tokens are counted, and the record agrees with the usage', async () => {
  await fetch(`${simulator.url}/simulator/record`, { method: 'DELETE' });
  const { usage } = await client.embeddings.create({ model, input: ['abcd'.repeat(5), 'abcd'] });
  assert.deepEqual(usage, { prompt_tokens: 6, total_tokens: 6 });
  const { totals } = await readRecord(simulator.url);
  assert.deepEqual([totals[0]?.calls, totals[0]?.input_tokens, totals[0]?.output_tokens], [1, 6, 0]);
});

test('an empty input is refused with 400', async () => {
  await assert.rejects(client.embeddings.create({ model, input: '' }), OpenAI.BadRequestError);
});
