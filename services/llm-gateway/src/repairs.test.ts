// The request for a corrected answer on its way to a provider: as much room as the model was given last, and no larger than its context.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import type { ModelMessage, ModelRequest } from './generation.ts';
import { answered, asking, complete, testGateway } from './test-support/gateway.ts';
import { browse } from './test-support/history.ts';
import { startRecordingProxy } from './test-support/recording-proxy.ts';
import { startSimulator } from './test-support/simulator.ts';

const simulator = await startSimulator();
const proxy = await startRecordingProxy(simulator.url);
const LARGE = 'gpt-4.1-mini';
const SMALL = 'gpt-3.5-turbo';

const once = (then: object, model: string): object => ({ match: { model }, then });
const call = (args: string): object => ({
  kind: 'tool_calls',
  calls: [{ name: browse.name, arguments: args }],
});
const bodiesFor = (model: string) =>
  proxy.requests.map(({ body }) => body).filter((body) => body['model'] === model);
const charactersIn = ({ messages }: ModelRequest): number => JSON.stringify(messages).length;

suite('a repair', { concurrency: false, timeout: 120_000 }, () => {
  beforeEach(() => simulator.reset());
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    await simulator[Symbol.asyncDispose]();
  });

  test('leaves the model as much room as it needed before', async () => {
    await simulator.script(
      once({ kind: 'truncated' }, LARGE),
      once(call('{"url":1}'), LARGE),
      once(call('{"url":"http://a.test"}'), LARGE),
    );
    const { attempts } = answered(
      await complete(testGateway(proxy.url), asking('look', { tools: [browse], maxTokens: 500 })),
    );
    assert.equal(attempts, 3);
    assert.deepEqual(
      bodiesFor(LARGE).map((body) => body['max_output_tokens']),
      [500, 1_000, 1_000],
    );
  });

  test('that does not fit into the context is not sent: the next target is asked', async () => {
    await simulator.script(once(call('{"url":1}'), SMALL));
    const before = proxy.requests.length;
    const gateway = testGateway(
      proxy.url,
      { AGENT_PRIMARY_MODEL: SMALL, AGENT_FALLBACK_MODEL: LARGE },
      { parts: { inputTokens: ({ messages }) => (messages.length > 1 ? 20_000 : 100) } },
    );
    const { target } = answered(await complete(gateway, asking('look', { tools: [browse] })));
    assert.equal(target.model, LARGE);
    assert.deepEqual(
      proxy.requests.slice(before).map(({ body }) => body['model']),
      [SMALL, LARGE],
    );
  });

  test('fits once an old result is shortened, and that is told', async () => {
    await simulator.script(once(call(`{"url":"${'x'.repeat(3_000)}`), SMALL));
    const callId = 'call_a';
    const tool_calls = [{ call_id: callId, name: browse.name, arguments: '{"url":"http://a.test"}' }];
    const messages: ModelMessage[] = [
      { role: 'user', text: 'Look.' },
      { role: 'assistant', turn: { tool_calls } },
      { role: 'tool', callId, text: 'r'.repeat(12_000), isError: false },
      ...['One.', 'Two.', 'Three.', 'Four.'].map((text) => ({ role: 'user' as const, text })),
    ];
    const gateway = testGateway(
      proxy.url,
      { AGENT_PRIMARY_MODEL: SMALL },
      { parts: { inputTokens: charactersIn } },
    );
    const request = asking('', { messages, tools: [browse], maxTokens: 1_000 });
    const { target, attempts, leftOut } = answered(await complete(gateway, request));
    assert.deepEqual([target.model, attempts], [SMALL, 2]);
    assert.deepEqual(leftOut, { tool_results: 1, characters: 11_700 });
  });
});
