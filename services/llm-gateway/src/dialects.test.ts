// The three dialects over real HTTP: what a provider is sent for a conversation, and what its answers become. The same turns
// must come out of all, since a run may change its provider between two turns.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import type { JsonObject } from '@troupe/contracts';
import type { ModelAnswer, ModelMessage, ModelRequest } from './generation.ts';
import { repairOf } from './output/repair.ts';
import { limitsOf } from './rules/models.ts';
import { asking } from './test-support/gateway.ts';
import { browse, history } from './test-support/history.ts';
import type { AskOptions, DialectName } from './test-support/providers.ts';
import { DIALECTS, MODEL_OF, testProviders } from './test-support/providers.ts';
import { startRecordingProxy } from './test-support/recording-proxy.ts';
import { startSimulator } from './test-support/simulator.ts';

const simulator = await startSimulator();
const proxy = await startRecordingProxy(simulator.url);
const providers = testProviders(proxy.url);

async function ask(
  dialect: DialectName,
  request: ModelRequest,
  options: AskOptions = {},
): Promise<ModelAnswer> {
  const { answer, fault } = await providers.ask(dialect, request, options);
  assert.ok(answer !== undefined, JSON.stringify(fault));
  return answer;
}

const lastBody = (): Readonly<Record<string, unknown>> => proxy.requests.at(-1)?.body ?? {};

suite('the dialects', { concurrency: false, timeout: 240_000 }, () => {
  beforeEach(() => simulator.reset());
  after(async () => {
    await providers[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await simulator[Symbol.asyncDispose]();
  });

  for (const dialect of DIALECTS) {
    test(`${dialect}: parallel calls come back in order, with their arguments as the model wrote them`, async () => {
      const calls = [
        { name: 'spawn_browser_job', arguments: '{"url":"http://a.test"}' },
        { name: 'spawn_browser_job', arguments: '{"url":"http://b.test"}' },
      ];
      await simulator.script({ then: { kind: 'tool_calls', calls } });
      const answer = await ask(dialect, asking('compare', { tools: [browse] }));
      assert.deepEqual(answer.calls, calls);
      assert.deepEqual([answer.finish, answer.text], ['tool_calls', undefined]);
    });

    test(`${dialect}: arguments that are no JSON are passed on raw`, async () => {
      const calls = [{ name: 'spawn_browser_job', arguments: '{"url": "http://a.te' }];
      await simulator.script({ then: { kind: 'tool_calls', calls } });
      assert.deepEqual((await ask(dialect, asking('look', { tools: [browse] }))).calls, calls);
    });

    test(`${dialect}: calls cut by the token limit are dropped, so that none is ever executed`, async () => {
      const url = `http://a.test/${'x'.repeat(400)}`;
      const answer = await ask(dialect, asking(`look at ${url}`, { tools: [browse], maxTokens: 20 }));
      assert.deepEqual([answer.finish, answer.calls], ['truncated', []]);
    });

    test(`${dialect}: a whole round trip of a call ends with an answer that holds the tool's result`, async () => {
      const goal: ModelMessage = { role: 'user', text: 'Read http://a.test and tell me.' };
      const first = await ask(dialect, asking('', { messages: [goal], tools: [browse] }));
      assert.equal(first.calls.length, 1);
      const calls = first.calls.map((call, i) => ({ call_id: `call_${i}`, ...call }));
      const second = await ask(
        dialect,
        asking('', {
          tools: [browse],
          messages: [
            goal,
            { role: 'assistant', turn: { tool_calls: calls } },
            {
              role: 'tool',
              callId: 'call_0',
              text: '{"extracts":[{"text":"the total is 4711"}]}',
              isError: false,
            },
          ],
        }),
      );
      assert.equal(second.finish, 'stop');
      assert.match(second.text ?? '', /4711/);
    });

    test(`${dialect}: a history with everything in it is accepted, also where no tool is offered any more`, async () => {
      assert.equal((await ask(dialect, asking('', { messages: history, tools: [browse] }))).finish, 'stop');
      assert.equal(
        (await ask(dialect, asking('', { messages: history, toolChoice: 'none' }))).finish,
        'stop',
      );
    });

    test(`${dialect}: a wrong turn goes back with what is wrong about it, and is accepted`, async () => {
      const calls = [{ name: 'no such tool', arguments: '{"a":' }];
      await simulator.script({ then: { kind: 'tool_calls', calls } });
      const request = asking('look', { tools: [browse] });
      const wrong = await ask(dialect, request);
      const answer = await ask(dialect, repairOf(request, wrong, ['There is no tool "no such tool".']));
      assert.notEqual(answer.finish, 'truncated');
    });

    test(`${dialect}: no more output is asked for than the model can give`, async () => {
      await ask(dialect, asking('hello', { maxTokens: 5_000_000 }));
      const body = lastBody();
      const bound = body['max_output_tokens'] ?? body['max_tokens'];
      assert.equal(bound, limitsOf(MODEL_OF[dialect])?.maxOutputTokens);
    });

    test(`${dialect}: what the target refused a moment ago is left out, and a schema is then asked for in words`, async () => {
      const outputSchema: JsonObject = { type: 'object', title: 'a title to look for' };
      await ask(dialect, asking('hello', { tools: [browse], outputSchema }), {
        without: new Set(['temperature', 'schema', 'tool_choice']),
      });
      const { messages, input, instructions, system, ...rest } = lastBody();
      assert.ok(!('temperature' in rest) && !('tool_choice' in rest));
      assert.ok('tools' in rest);
      assert.ok(!JSON.stringify(rest).includes('a title to look for'));
      assert.match(JSON.stringify([messages, input, instructions, system]), /a title to look for/);
    });

    test(`${dialect}: an output schema makes the answer JSON of that schema`, async () => {
      const outputSchema: JsonObject = {
        type: 'object',
        properties: { total: { type: 'number' }, found: { type: 'boolean' } },
        required: ['total', 'found'],
        additionalProperties: false,
      };
      const { text } = await ask(dialect, asking('count', { outputSchema }));
      const answer = JSON.parse(text ?? '') as Record<string, unknown>;
      assert.deepEqual([typeof answer['total'], typeof answer['found']], ['number', 'boolean']);
    });
  }
});
