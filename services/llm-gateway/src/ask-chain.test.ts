// Rounds through the chain against the real simulator over HTTP: what one round finds out for good the next ones know, and how many
// provider calls a turn may make in all of them.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import type { ToolDefinition } from '@troupe/contracts';
import { answered, asking, complete, failed, testGateway } from './test-support/gateway.ts';
import { startSimulator } from './test-support/simulator.ts';

const simulator = await startSimulator();
const PRIMARY = 'gpt-4.1-mini';
const FALLBACK = 'gpt-3.5-turbo';
const times = { circuitOpen: 1_000, minUseful: 50 };

const error = (status: number, more: object = {}): object => ({ kind: 'error', status, ...more });
const scripted = (model: string, then: object, calls: number | null = null): object => ({
  match: { model },
  times: calls,
  then,
});
const TOO_LONG = error(400, { code: 'context_length_exceeded' });
const asked = async (): Promise<string[]> => (await simulator.calls()).map(({ model }) => model);

const tool: ToolDefinition = {
  name: 'look_up',
  description: 'Looks something up.',
  input_schema: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
  output_schema: { type: 'object' },
  effect: 'read',
  timeout_seconds: 10,
};
const BROKEN_CALL = { kind: 'tool_calls', calls: [{ name: tool.name, arguments: '{"wh' }] };

const manyKeys = (count: number) => ({
  OPENAI_API_KEY: '',
  OPENAI_API_KEYS: Array.from({ length: count }, (_, key) => `sk-test-key-number-${key}`).join(),
  FF_AGENTS_LLM_FALLBACK: 'false',
});

suite('rounds through the chain', { concurrency: false, timeout: 240_000 }, () => {
  beforeEach(() => simulator.reset());
  after(() => simulator[Symbol.asyncDispose]());

  test('a target that answers wrong does not keep a call from waiting for another one, and is not asked again', async () => {
    const gateway = testGateway(simulator.url, {}, { times });
    await simulator.script(scripted(PRIMARY, error(500), 5));
    for (let turn = 0; turn < 2; turn += 1) answered(await complete(gateway, asking('hello')));
    await simulator.reset();
    await simulator.script(scripted(FALLBACK, BROKEN_CALL));
    const { target } = answered(await complete(gateway, asking('look', { tools: [tool] })));
    assert.equal(target.model, PRIMARY);
    assert.deepEqual(await asked(), [FALLBACK, FALLBACK, PRIMARY]);
  });

  test('too long a conversation waits for the larger context whose circuit is open', async () => {
    const smallFirst = { AGENT_PRIMARY_MODEL: FALLBACK, AGENT_FALLBACK_MODEL: PRIMARY };
    const gateway = testGateway(simulator.url, smallFirst, { times });
    await simulator.script(scripted(FALLBACK, TOO_LONG), scripted(PRIMARY, error(500), 5));
    for (let turn = 0; turn < 2; turn += 1) failed(await complete(gateway, asking('hello')));
    const { target, attempts } = answered(await complete(gateway, asking('hello')));
    assert.deepEqual([target.model, attempts], [PRIMARY, 2]);
  });

  test('what is too long for a model that is not known goes on to one whose context is known to be larger', async () => {
    const gateway = testGateway(simulator.url, {
      AGENT_PRIMARY_MODEL: 'a-local-model',
      AGENT_FALLBACK_MODEL: PRIMARY,
    });
    await simulator.script(scripted('a-local-model', TOO_LONG));
    const { target, attempts } = answered(await complete(gateway, asking('hello')));
    assert.deepEqual([target.model, attempts], [PRIMARY, 2]);
  });

  test('however many keys are limited, a call asks eight times at most', async () => {
    await simulator.script(scripted(PRIMARY, error(429, { headers: { 'retry-after-ms': '5' } })));
    const { attempts } = failed(await complete(testGateway(simulator.url, manyKeys(20)), asking('hello')));
    assert.deepEqual([attempts, (await asked()).length], [8, 8]);
  });

  test('however many keys are revoked, the one that is left is found', async () => {
    await simulator.script(scripted(PRIMARY, error(401), 11));
    const { attempts } = answered(await complete(testGateway(simulator.url, manyKeys(12)), asking('hello')));
    assert.equal(attempts, 12);
  });
});
