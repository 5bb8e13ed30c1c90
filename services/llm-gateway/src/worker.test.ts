// The whole service on a real NATS server and the real simulator: requests in the log become outcomes in the log.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import type { DataOf, PromptMessage, ToolDefinition, UserId } from '@troupe/contracts';
import { contractOf, eventId, referenceTo, rpc } from '@troupe/contracts';
import { callRpc } from '@troupe/shared';
import type { GatewayProcess } from './test-support/gateway-process.ts';
import { launchGateway, startGateway, startGround } from './test-support/gateway-process.ts';
import { startRecordingProxy } from './test-support/recording-proxy.ts';
import { Run } from './test-support/run.ts';
import { startSimulator } from './test-support/simulator.ts';

const KEY = 'sk-test-worker-0123456789';
const simulator = await startSimulator();
const proxy = await startRecordingProxy(simulator.url);
const ground = await startGround();
const { kernel } = ground;
const start = (env: Record<string, string> = {}) =>
  startGateway(ground.url, { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: `${proxy.url}/v1`, ...env });

const serving = async (env: Record<string, string>, work: (gateway: GatewayProcess) => Promise<void>) => {
  await using gateway = await start(env);
  await work(gateway);
};
/** Without OpenAI's key. */
const CLAUDE_ONLY = { OPENAI_API_KEY: '', ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: proxy.url };

let runs = 0;
const begin = (): Promise<Run> => Run.begin(kernel, `run-${(runs += 1)}`);
const user = (text: string): PromptMessage => ({ role: 'user', content: { text } });
const completed = contractOf('llm.completed').example;

const tool: ToolDefinition = {
  name: 'look_up',
  description: 'Looks something up.',
  input_schema: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
  output_schema: { type: 'object' },
  effect: 'read',
  timeout_seconds: 10,
};
await kernel.tools.announce([tool]);

suite('the gateway service', { concurrency: false, timeout: 240_000 }, () => {
  beforeEach(() => simulator.reset());
  after(async () => {
    for (const opened of [ground, proxy, simulator]) await opened[Symbol.asyncDispose]();
  });

  test('a request in the log is followed by its answer, caused by it, in the same correlation', async () => {
    await using gateway = await start();
    const run = await begin();
    const request = await run.ask({ messages: [user('say hello')] });
    const answer = await run.answerTo(request);
    assert.deepEqual(
      [answer.causationId, answer.correlationId, answer.source],
      [request, 'corr-1', '/troupe/llm-gateway'],
    );
    const { turn, ...rest } = answer.data;
    assert.match(turn.text ?? '', /^\[provider-simulator\].*hello/);
    const [call] = await simulator.calls();
    assert.deepEqual(rest, {
      finish: 'stop',
      finish_raw: 'completed',
      provider: 'openai',
      model: 'gpt-4.1-mini',
      usage: { input_tokens: call?.input_tokens, output_tokens: call?.output_tokens },
      // At 0.40 and 1.60 dollars for a million.
      cost_nano_usd: (call?.input_tokens ?? 0) * 400 + (call?.output_tokens ?? 0) * 1_600,
      attempts: 1,
    });
    assert.ok(!gateway.said().includes(KEY));
  });

  test('requests whose outcome, cancellation or end stands in the log make no provider call', async () => {
    const closed = await Promise.all([begin(), begin(), begin()]);
    const [answered, cancelled, ended] = closed;
    const request = await answered.ask({ messages: [user('answered by another process')] });
    await answered.write('llm.completed', completed, request);
    const unwanted = await cancelled.ask({ messages: [user('not wanted any more')] });
    await cancelled.write('llm.cancelled', { reason: 'stopped_by_machine' }, unwanted);
    await ended.ask({ messages: [user('of a run that is over')] });
    await ended.write('workflow.failed', contractOf('workflow.failed').example as DataOf<'workflow.failed'>);
    const open = await begin();
    const last = await open.ask({ messages: [user('the only open one')] });
    const logs = await Promise.all(closed.map((run) => run.events()));

    await serving({ AGENT_LLM_CONCURRENCY: '1' }, async () => {
      await open.answerTo(last);
    });
    assert.equal((await simulator.calls()).length, 1);
    assert.deepEqual(await Promise.all(closed.map((run) => run.events())), logs);
  });

  test('over several turns the provider sees the whole conversation, large texts included, also from a new process', async () => {
    const large = `start ${'x'.repeat(400_000)} end`;
    const run = await begin();
    const tools = [referenceTo(tool)];
    await simulator.script(
      {
        then: {
          kind: 'tool_calls',
          calls: [1, 2].map((n) => ({ name: tool.name, arguments: `{"what":"${n}"}` })),
        },
      },
      { then: { kind: 'answer', text: 'second answer' } },
      { then: { kind: 'answer', text: 'third answer' } },
    );
    const input = (): unknown => proxy.requests.at(-1)?.body['input'];

    const first = await run.ask({
      tools,
      messages: [{ role: 'system', content: { text: 'Be brief.' } }, user('go')],
    });
    const conversation: unknown[] = [{ type: 'message', role: 'user', content: 'go' }];
    let second = first;
    await serving({}, async () => {
      const { turn } = (await run.answerTo(first)).data;
      const callIds = turn.tool_calls.map(({ call_id }) => call_id);
      assert.equal(new Set(callIds).size, 2);
      for (const id of callIds) assert.match(id, /^call_[0-9a-f]{32}$/);
      const results = callIds.map((call_id, i) => ({ call_id, text: i === 0 ? large : 'small' }));
      second = await run.ask({
        turn: 2,
        continues: first,
        tools,
        messages: results.map(({ call_id, text }) => ({
          role: 'tool',
          call_id,
          content: { text },
          is_error: false,
        })),
      });
      await run.answerTo(second);
      conversation.push(
        ...turn.tool_calls.map((call) => ({ type: 'function_call', ...call })),
        ...results.map(({ call_id, text }) => ({ type: 'function_call_output', call_id, output: text })),
      );
      assert.deepEqual(input(), conversation);
    });
    await serving({}, async () => {
      await run.answerTo(await run.ask({ turn: 3, continues: second, messages: [user('and now?')] }));
      conversation.push(
        { type: 'message', role: 'assistant', content: 'second answer' },
        { type: 'message', role: 'user', content: 'and now?' },
      );
      assert.deepEqual(input(), conversation);
      assert.equal(proxy.requests.at(-1)?.body['instructions'], 'Be brief.');
    });
  });

  test('when no provider answers, the request is followed by its failure', async () => {
    await simulator.script({ times: null, then: { kind: 'error', status: 500, message: `no, ${KEY}` } });
    await using gateway = await start();
    const run = await begin();
    const { type, data } = await run.outcomeOf(await run.ask({ messages: [user('my secret goal')] }));
    assert.equal(type, 'llm.failed');
    assert.deepEqual([data.error.code, data.attempts], ['providers_unavailable', 8]);
    for (const secret of [KEY, 'my secret goal']) {
      assert.ok(!gateway.said().includes(secret));
      assert.ok(!JSON.stringify(data).includes(secret));
    }
    assert.match(gateway.said(), /"workflow_id":"run-\d+".*provider call failed/);
  });

  test('what can never succeed is given up at once, so that no run waits for ever', async () => {
    const run = await begin();
    const sha256 = '0'.repeat(64);
    const content = { ref: `user-1/${sha256}`, bytes: 5, sha256 };
    const codes: string[] = [];
    const giveUp = async (asked: Parameters<Run['ask']>[0]): Promise<void> => {
      const { data } = await run.outcomeOf(await run.ask(asked));
      codes.push('error' in data ? data.error.code : data.finish);
      assert.deepEqual([data.attempts, data.cost_nano_usd], [0, 0], 'the ledger knows of none');
    };
    await serving({}, async () => {
      await giveUp({ messages: [{ role: 'user', content }] });
      await giveUp({ messages: [user('hi')], tools: [{ name: 'unheard_of', hash: sha256 }] });
      await giveUp({ messages: [user('hi')], continues: eventId('nobody', 'asked') });
    });
    assert.deepEqual(codes, ['blob_missing', 'unknown_tool', 'conversation_broken']);
    assert.equal((await simulator.calls()).length, 0);
  });

  test('a process that is told to stop in mid-call leaves the request to another, and writes no failure', async () => {
    await simulator.script({ then: { kind: 'hang' } });
    const stopping = await start({ AGENT_LLM_TIMEOUT_SECONDS: '30' });
    const run = await begin();
    const request = await run.ask({ messages: [user('hello')] });
    while ((await simulator.calls()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    stopping.service.kill('SIGTERM');
    await serving({}, async () => {
      assert.equal((await run.outcomeOf(request)).type, 'llm.completed');
    });
    assert.equal((await stopping.service.exited).code, 0);
    assert.equal((await simulator.calls()).length, 2);
  });

  test('embeddings are answered over RPC: by the provider with its key, lexically without it', async () => {
    const embed = async (): Promise<unknown> => {
      const { model, vectors } = await callRpc(kernel.connection, rpc.embed, {
        user: 'user-1' as UserId,
        request: { texts: ['hello world', 'hello'] },
        timeoutMs: 20_000,
      });
      return [model, ...vectors.map(({ length }) => length)];
    };
    await serving({}, async () => assert.deepEqual(await embed(), ['text-embedding-3-small', 1_536, 1_536]));
    await serving(CLAUDE_ONLY, async () => assert.deepEqual(await embed(), ['lexical-384', 384, 384]));
  });

  test('a process that is told to stop answers the embeddings that it was asked for', async () => {
    const late = { match: { endpoint: 'embeddings' }, then: { kind: 'latency', ms: 1_000 } };
    await simulator.script(late);
    const stopping = await start();
    const asking = callRpc(kernel.connection, rpc.embed, {
      user: 'user-1' as UserId,
      request: { texts: ['hello'] },
      timeoutMs: 20_000,
    });
    while ((await simulator.calls()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    stopping.service.kill('SIGTERM');
    assert.equal((await asking).model, 'text-embedding-3-small');
    assert.equal((await stopping.service.exited).code, 0);
    assert.doesNotMatch(stopping.said(), /provider call failed/);
  });

  test('with only the key of a provider that no configured model has, that provider’s default model answers, and the log says so', async () => {
    await using gateway = await start(CLAUDE_ONLY);
    const run = await begin();
    const { data } = await run.answerTo(await run.ask({ messages: [user('hello')] }));
    assert.deepEqual([data.provider, data.model], ['anthropic', 'claude-haiku-5-5']);
    assert.match(gateway.said(), /no configured model has a key/);
  });

  test('without any key the process ends with what to do', async () => {
    await using gateway = launchGateway(ground.url, {});
    assert.equal((await gateway.service.exited).code, 1);
    assert.match(gateway.said(), /no_provider_key: .*OPENAI_API_KEY.*ANTHROPIC_API_KEY/);
  });
});
