// What the record knows of the tokens that a client was told, and what a script may have it told.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { startSimulator } from '../server.ts';
import { addScript, anthropicClient, collect, openaiClient, readRecord } from '../test-support/clients.ts';

const simulator = await startSimulator();
after(() => simulator[Symbol.asyncDispose]());
const openai = openaiClient(simulator.url);
const anthropic = anthropicClient(simulator.url);
const model = 'any-model';
const hello = [{ role: 'user' as const, content: 'hello' }];
const message = { model, max_tokens: 1_000, messages: hello };
const once = (then: object): Promise<void> => addScript(simulator.url, { then });
const lastCall = async () => (await readRecord(simulator.url)).calls.at(-1)!;

beforeEach(() => fetch(`${simulator.url}/simulator/script`, { method: 'DELETE' }));

const report = {
  ...{ input: 100, output: 20, cached: 40, cacheWrite: 30 },
  ...{ cacheWriteShort: 10, cacheWriteLong: 5, reasoning: 7, webSearches: 2 },
};

test('a scripted usage reaches the client of Anthropic in its parts, the input without the cache', async () => {
  await once({ kind: 'usage', report });
  const { usage } = await anthropic.messages.stream(message).finalMessage();
  assert.deepEqual(
    [
      usage.input_tokens,
      usage.cache_read_input_tokens,
      usage.cache_creation_input_tokens,
      usage.output_tokens,
    ],
    [30, 40, 30, 20],
  );
  assert.deepEqual(usage.server_tool_use, { web_search_requests: 2, web_fetch_requests: 0 });
  assert.equal((await lastCall()).input_tokens, 100);
});

test('a scripted usage reaches the client of Responses with the cache inside the input', async () => {
  await once({ kind: 'usage', report });
  const { usage } = await openai.responses.create({ model, input: 'hello' });
  assert.deepEqual(
    [
      usage?.input_tokens,
      usage?.input_tokens_details.cached_tokens,
      usage?.output_tokens_details.reasoning_tokens,
    ],
    [100, 40, 7],
  );
});

test('a usage that is kept back is told in no dialect', async () => {
  await addScript(simulator.url, { times: 2, then: { kind: 'usage', report: null } });
  assert.equal((await openai.responses.create({ model, input: 'hello' })).usage, null);
  assert.equal((await openai.chat.completions.create({ model, messages: hello })).usage, undefined);
  assert.equal((await lastCall()).usage_told, false);
});

test('of an answer that is cut, what was told and what was sent are on record', async () => {
  await addScript(simulator.url, { times: 2, then: { kind: 'cut', afterEvents: 5 } });
  const goal = [
    { role: 'user' as const, content: 'a goal of some length, so that its answer takes several deltas' },
  ];
  await assert.rejects(async () => {
    await collect(await anthropic.messages.create({ ...message, messages: goal, stream: true }));
  });
  const claude = await lastCall();
  assert.deepEqual(
    [claude.outcome, claude.usage_told, claude.output_tokens, claude.sent_tokens],
    ['failed', true, 1, 20],
  );
  assert.equal(claude.input_tokens, claude.prompt_tokens);
  await assert.rejects(async () => {
    await collect(await openai.responses.create({ model, input: goal[0]!.content, stream: true }));
  });
  const gpt = await lastCall();
  assert.deepEqual([gpt.usage_told, gpt.output_tokens, gpt.sent_tokens], [false, 0, 10]);
});

test('a chat stream without [DONE] is otherwise whole', async () => {
  await once({ kind: 'no_last_event' });
  const body = { model, messages: hello, stream: true as const, stream_options: { include_usage: true } };
  const chunks = await collect(await openai.chat.completions.create(body));
  assert.ok(chunks.some(({ choices }) => choices[0]?.finish_reason === 'stop'));
  assert.deepEqual([(await lastCall()).outcome, (await lastCall()).usage_told], ['failed', true]);
});

test('a used-up quota is a 429 of OpenAI and a 400 of Anthropic', async () => {
  await addScript(simulator.url, { times: 2, then: { kind: 'known_error', error: 'quota' } });
  await assert.rejects(openai.responses.create({ model, input: 'x' }), {
    status: 429,
    code: 'insufficient_quota',
  });
  await assert.rejects(anthropic.messages.create(message), { status: 400 });
});

test('more calls at once than a model takes are refused while they are too many', async () => {
  await addScript(
    simulator.url,
    { match: { atOnceAbove: 2 }, times: null, then: { kind: 'known_error', error: 'rate_limit' } },
    { times: null, then: { kind: 'latency', ms: 50 } },
  );
  const ask = () => openai.responses.create({ model, input: 'x' });
  const settled = await Promise.allSettled([ask(), ask(), ask()]);
  assert.deepEqual(settled.map(({ status }) => status).sort(), ['fulfilled', 'fulfilled', 'rejected']);
  await ask();
});
