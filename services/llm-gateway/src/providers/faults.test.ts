// What each dialect makes of a provider that fails, over real HTTP: the same fault must be the same to the engine, whoever
// the provider is.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import type { ProviderFault } from '../rules/fault.ts';
import { asking } from '../test-support/gateway.ts';
import { DIALECTS, KEY, testProviders } from '../test-support/providers.ts';
import { startSimulator } from '../test-support/simulator.ts';
import { openaiClient } from './clients.ts';

const simulator = await startSimulator();
const providers = testProviders(simulator.url);

const FAULTS: readonly (readonly [string, object, Partial<ProviderFault>])[] = [
  ['a status', { kind: 'error', status: 503 }, { kind: 'refused', status: 503 }],
  [
    'a hint to come back later',
    { kind: 'error', status: 429, headers: { 'retry-after': '3' } },
    { kind: 'refused', status: 429, retryAfterMs: 3_000 },
  ],
  ['an error in mid-stream', { kind: 'error_event', afterEvents: 2 }, { kind: 'refused', status: undefined }],
  ['no answer at all', { kind: 'reset' }, { kind: 'reset' }],
  ['a page of HTML', { kind: 'html' }, { kind: 'malformed' }],
  ['an event that is no JSON', { kind: 'malformed_event', afterEvents: 2 }, { kind: 'malformed' }],
  ['a connection that breaks', { kind: 'cut', afterEvents: 2 }, { kind: 'cut' }],
  ['an end that says nothing', { kind: 'no_terminal' }, { kind: 'cut' }],
];

suite('a provider that fails', { concurrency: false, timeout: 120_000 }, () => {
  beforeEach(() => simulator.reset());
  after(async () => {
    await providers[Symbol.asyncDispose]();
    await simulator[Symbol.asyncDispose]();
  });

  for (const dialect of DIALECTS) {
    for (const [name, action, expected] of FAULTS) {
      test(`${dialect}: ${name} is the fault ${JSON.stringify(expected)}`, async () => {
        await simulator.script({ then: action });
        const { fault } = await providers.ask(dialect, asking('Say something that takes a few words.'));
        assert.partialDeepStrictEqual(fault, expected);
      });
    }

    test(`${dialect}: what the caller is shown while it comes is the answer's text`, async () => {
      await simulator.script({ then: { kind: 'answer', text: 'One after the other.' } });
      const { answer, told } = await providers.ask(dialect, asking('hello'));
      assert.equal(told.text, 'One after the other.');
      assert.equal(answer?.text, told.text);
    });

    test(`${dialect}: a refusal is an answer of its own kind`, async () => {
      await simulator.script({ then: { kind: 'refusal', text: 'No.' } });
      const { answer } = await providers.ask(dialect, asking('hello'));
      assert.deepEqual([answer?.finish, answer?.calls], ['refused', []]);
    });

    test(`${dialect}: the counts of cached, written and thought tokens reach the books`, async () => {
      const report = { input: 1_000, output: 90, cached: 600, cacheWrite: 300, reasoning: 40 };
      await simulator.script({ then: { kind: 'usage', report } });
      const { answer } = await providers.ask(dialect, asking('hello'));
      assert.deepEqual(answer?.usage, {
        input_tokens: 1_000,
        output_tokens: 90,
        cached_input_tokens: 600,
        cache_write_tokens: 300,
        reasoning_tokens: 40,
      });
    });
  }

  for (const dialect of ['responses', 'messages'] as const) {
    test(`${dialect}: what was written to the cache for the longer time is told apart`, async () => {
      const report = { input: 100, output: 5, cacheWrite: 60, cacheWriteShort: 20, cacheWriteLong: 40 };
      await simulator.script({ then: { kind: 'usage', report } });
      const { answer } = await providers.ask(dialect, asking('hello'));
      assert.equal(answer?.usage.cache_write_tokens, 60);
      assert.equal(answer.usage.cache_write_long_tokens, 40);
    });
  }

  test('an answer without a stream is read whole', async () => {
    const client = openaiClient({ baseURL: `${simulator.url}/v1`, http: providers.http });
    const { data } = await client.embeddings.create(
      { model: 'text-embedding-3-small', input: ['one', 'two'] },
      { headers: { authorization: `Bearer ${KEY}` } },
    );
    assert.deepEqual(
      data.map(({ embedding }) => embedding.length),
      [1_536, 1_536],
    );
  });

  test('responses: a response that failed is a refusal by its code', async () => {
    await simulator.script({ then: { kind: 'response_failed', afterEvents: 2, code: 'server_error' } });
    const { fault } = await providers.ask('responses', asking('hello'));
    assert.partialDeepStrictEqual(fault, { kind: 'refused', status: undefined, codes: ['server_error'] });
  });

  test('messages: of an answer that breaks off the input is known, and nothing is said of the output', async () => {
    await simulator.script({ then: { kind: 'cut', afterEvents: 4 } });
    const { told } = await providers.ask('messages', asking('Say something that takes a few words.'));
    const used = told.used.at(-1);
    assert.ok((used?.input_tokens ?? 0) > 0);
    assert.equal(used?.output_tokens, undefined);
  });
});
