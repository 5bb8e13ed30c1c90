// What a call does before it gives up, against the real simulator over HTTP: other keys, another target, a corrected answer, a wait; and
// what it never does.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import type { ToolDefinition } from '@troupe/contracts';
import type { Accounts, AttemptPlan } from './accounting/accounts.ts';
import type { Admission } from './load/admission.ts';
import { answered, asking, calling, complete, failed, testGateway } from './test-support/gateway.ts';
import { free } from './test-support/parts.ts';
import { startSimulator } from './test-support/simulator.ts';

const simulator = await startSimulator();
const PRIMARY = 'gpt-4.1-mini';
const FALLBACK = 'gpt-3.5-turbo';
const TWO_KEYS = { OPENAI_API_KEY: '', OPENAI_API_KEYS: 'sk-test-first-key,sk-test-second-key' };

const always = (then: object, model = PRIMARY): object => ({ match: { model }, times: null, then });
const once = (then: object, model = PRIMARY): object => ({ match: { model }, then });
const error = (status: number, more: object = {}): object => ({ kind: 'error', status, ...more });
const asked = async (): Promise<string[]> => (await simulator.calls()).map(({ model }) => model);
const keysAsked = async (): Promise<number> =>
  new Set((await simulator.calls()).map(({ key_hash }) => key_hash)).size;

const tool: ToolDefinition = {
  name: 'look_up',
  description: 'Looks something up.',
  input_schema: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
  output_schema: { type: 'object' },
  effect: 'read',
  timeout_seconds: 10,
};
const call = (args: string): object => ({
  kind: 'tool_calls',
  calls: [{ name: tool.name, arguments: args }],
});

suite('ways out', { concurrency: false, timeout: 240_000 }, () => {
  beforeEach(() => simulator.reset());
  after(() => simulator[Symbol.asyncDispose]());

  for (const [name, then] of [
    ['is revoked', error(401)],
    ['has no quota left', error(429, { code: 'insufficient_quota' })],
    ['is out of money', error(402)],
    ['may not use the model', error(403)],
    ['is limited for now', error(429, { headers: { 'retry-after': '60' } })],
  ] as const)
    test(`a key that ${name} is replaced by the next one at once, and spared from then on`, async () => {
      await simulator.script(once(then));
      const gateway = testGateway(simulator.url, TWO_KEYS);
      const first = answered(await complete(gateway, asking('hello')));
      assert.deepEqual([first.target.model, first.attempts, await keysAsked()], [PRIMARY, 2, 2]);
      answered(await complete(gateway, asking('hello')));
      assert.deepEqual(await asked(), [PRIMARY, PRIMARY, PRIMARY]);
    });

  test('when every key is revoked, the error says so, and no provider is asked again', async () => {
    await simulator.script(always(error(401)));
    const gateway = testGateway(simulator.url, { ...TWO_KEYS, FF_AGENTS_LLM_FALLBACK: 'false' });
    const first = failed(await complete(gateway, asking('hello')));
    assert.deepEqual(
      [first.error.code, first.origin, first.attempts],
      ['credentials_exhausted', 'provider', 2],
    );
    const second = failed(await complete(gateway, asking('hello')));
    assert.deepEqual(
      [second.error.code, second.origin, second.attempts],
      ['credentials_exhausted', 'gateway', 0],
    );
  });

  test('a longer wait at each refusal is waited for as the latest one says', async () => {
    const hint = (seconds: string): object => once(error(429, { headers: { 'retry-after-ms': seconds } }));
    await simulator.script(hint('50'), hint('150'), hint('400'));
    const startedAt = performance.now();
    const { attempts, target } = answered(await complete(testGateway(simulator.url), asking('hello')));
    assert.deepEqual([target.model, attempts], [PRIMARY, 4]);
    assert.ok(performance.now() - startedAt >= 600);
  });

  test('tool arguments that break the schema are sent back to the model once, which corrects them', async () => {
    await simulator.script(once(call('{"what":1}')), once(call('{"what":"it"}')));
    const gateway = testGateway(simulator.url);
    const { answer, attempts } = answered(await complete(gateway, asking('look', { tools: [tool] })));
    assert.deepEqual([answer.calls, attempts], [[{ name: tool.name, arguments: '{"what":"it"}' }], 2]);
    assert.deepEqual(await asked(), [PRIMARY, PRIMARY]);
  });

  test('a model that does not correct itself is replaced by the next, and when that errs too the call is rejected', async () => {
    await simulator.script(always(call('{"wh')), always(call('{"wh'), FALLBACK));
    const gateway = testGateway(simulator.url);
    const { error: said, attempts } = failed(await complete(gateway, asking('look', { tools: [tool] })));
    assert.deepEqual([said.code, attempts], ['schema_violation', 4]);
    assert.deepEqual(await asked(), [PRIMARY, PRIMARY, FALLBACK, FALLBACK]);
  });

  test('too long a conversation goes on to a larger context, and to no other', async () => {
    const tooLong = error(400, { code: 'context_length_exceeded' });
    await simulator.script(always(tooLong), always(tooLong, FALLBACK));
    const smallFirst = { AGENT_PRIMARY_MODEL: FALLBACK, AGENT_FALLBACK_MODEL: PRIMARY };
    failed(await complete(testGateway(simulator.url, smallFirst), asking('hello')));
    assert.deepEqual(await asked(), [FALLBACK, PRIMARY]);
    await simulator.reset();
    await simulator.script(always(tooLong));
    const { error: said } = failed(await complete(testGateway(simulator.url), asking('hello')));
    assert.equal(said.code, 'context_too_long');
    assert.deepEqual(await asked(), [PRIMARY]);
  });

  test('a parameter that a target refuses is left out, once', async () => {
    const refused = error(400, { code: 'unsupported_parameter', message: 'temperature is not supported' });
    await simulator.script(once(refused));
    const { target, attempts } = answered(await complete(testGateway(simulator.url), asking('hello')));
    assert.deepEqual([target.model, attempts], [PRIMARY, 2]);
    await simulator.reset();
    await simulator.script(always(refused));
    answered(await complete(testGateway(simulator.url), asking('hello')));
    assert.deepEqual(await asked(), [PRIMARY, PRIMARY, FALLBACK]);
  });

  test('when all circuits are open for a moment only, the call waits for it', async () => {
    await simulator.script(
      { match: { model: PRIMARY }, times: 5, then: error(500) },
      { match: { model: FALLBACK }, times: 5, then: error(500) },
    );
    const gateway = testGateway(simulator.url, {}, { times: { circuitOpen: 1_000, minUseful: 50 } });
    for (let turn = 0; turn < 2; turn += 1) failed(await complete(gateway, asking('hello')));
    const { attempts } = answered(await complete(gateway, asking('hello')));
    assert.equal(attempts, 1);
  });

  test('a call that failed at one target waits for another whose circuit is open for a moment', async () => {
    await simulator.script({ match: { model: PRIMARY }, times: 5, then: error(500) });
    const gateway = testGateway(simulator.url, {}, { times: { circuitOpen: 1_000, minUseful: 50 } });
    for (let turn = 0; turn < 2; turn += 1) answered(await complete(gateway, asking('hello')));
    await simulator.script(once({ kind: 'reset' }, FALLBACK), once(error(529), FALLBACK));
    const { target, attempts } = answered(await complete(gateway, asking('hello')));
    assert.deepEqual([target.model, attempts], [PRIMARY, 3]);
  });

  test('a spent retry budget sends a call to the next target, and does not end it at the last', async () => {
    const limited = error(429, { headers: { 'retry-after-ms': '5' } });
    const turns = Array.from({ length: 4 }, (_, turn) => `turn ${turn}`);
    await simulator.script(
      { match: { model: PRIMARY }, times: null, then: error(402) },
      ...turns.map((contains) => ({ match: { endpoint: 'messages', contains }, times: 3, then: limited })),
    );
    const gateway = testGateway(simulator.url, { AGENT_FALLBACK_MODEL: 'claude-haiku-5-5' });
    for (const turn of turns) {
      const { target, attempts } = answered(await complete(gateway, asking(turn)));
      assert.equal(target.model, 'claude-haiku-5-5');
      assert.ok(attempts >= 4);
    }
  });

  test('what a run’s deadline leaves bounds the call, and a deadline that is over asks nobody', async () => {
    await simulator.script(always({ kind: 'hang' }), always({ kind: 'hang' }, FALLBACK));
    const gateway = testGateway(simulator.url);
    const until = (ms: number) => calling({ deadlineAt: new Date(Date.now() + ms).toISOString() });
    const startedAt = performance.now();
    const cut = failed(await gateway.complete(asking('hello'), until(500)));
    assert.equal(cut.error.code, 'deadline_exceeded');
    assert.ok(performance.now() - startedAt < 4_500);
    assert.deepEqual(await asked(), [PRIMARY, FALLBACK], 'the fallback had its share');
    const over = failed(await gateway.complete(asking('hello'), until(-1_000)));
    assert.deepEqual([over.error.code, over.origin, over.attempts], ['deadline_exceeded', 'gateway', 0]);
  });

  test('a call that a budget does not allow is rejected with the budget’s own words, and not sent', async () => {
    const words = { code: 'budget_exceeded', message: 'The budget is spent.', hint: 'Wait.' };
    const plans: AttemptPlan[] = [];
    const accounts: Accounts = {
      ...free,
      open(plan) {
        plans.push(plan);
        return Promise.resolve({ kind: 'refused', error: words, retryAfterMs: 5_000 });
      },
    };
    const gateway = testGateway(simulator.url, {}, { parts: { accounts } });
    const { error: said, origin, retryAfterMs } = failed(await complete(gateway, asking('hello')));
    assert.deepEqual([said, origin, retryAfterMs], [words, 'gateway', 5_000]);
    assert.deepEqual([plans.length, plans[0]?.kind, await asked()], [1, 'first', []]);
  });

  test('a call whose turn would come too late goes to the next target, and is rejected as overloaded if that is full too', async () => {
    let full = [`openai/${PRIMARY}`];
    const admission: Admission = {
      enter: (target) =>
        Promise.resolve(
          full.includes(target)
            ? { kind: 'shed', retryAfterMs: 700 }
            : { kind: 'admitted', turn: { done: () => undefined } },
        ),
    };
    const gateway = testGateway(simulator.url, {}, { parts: { admission } });
    assert.equal(answered(await complete(gateway, asking('hello'))).target.model, FALLBACK);
    full = [...full, `openai/${FALLBACK}`];
    const { error: said, origin, retryAfterMs } = failed(await complete(gateway, asking('hello')));
    assert.deepEqual([said.code, origin, retryAfterMs], ['overloaded', 'gateway', 700]);
  });

  test('an answer is shown while it comes, and anew when it is begun anew', async () => {
    await simulator.script(once({ kind: 'cut', afterEvents: 6 }));
    const shown: string[] = [];
    const live = {
      begin: () => void shown.push(''),
      text: (delta: string) => void shown.push((shown.pop() ?? '') + delta),
    };
    const { answer } = answered(
      await testGateway(simulator.url).complete(asking('hello'), calling({ live })),
    );
    assert.equal(shown.length, 2);
    assert.equal(shown[1], answer.text);
    assert.ok(answer.text?.startsWith(shown[0] ?? '-'));
  });

  test('a model that thinks may be silent for long once it gave a sign of life, and another one may not', async () => {
    const env = { AGENT_LLM_TIMEOUT_SECONDS: '0.5', AGENT_PRIMARY_MODEL: 'claude-haiku-5-5' };
    const late = { kind: 'stall', afterEvents: 1, ms: 1_000 };
    await simulator.script(once(late, 'claude-haiku-5-5'), once(late));
    const thinks = answered(await complete(testGateway(simulator.url, env), asking('hello')));
    assert.deepEqual([thinks.target.model, thinks.attempts], ['claude-haiku-5-5', 1]);
    const other = { AGENT_LLM_TIMEOUT_SECONDS: '0.5' };
    const { target } = answered(await complete(testGateway(simulator.url, other), asking('hello')));
    assert.equal(target.model, FALLBACK);
  });

  test('a clock that jumps by an hour in mid-call neither ends the call nor prolongs it', async (t) => {
    await simulator.script(always({ kind: 'hang' }));
    const real = Date.now;
    for (const jump of [3_600_000, -3_600_000]) {
      const turn = testGateway(simulator.url, { AGENT_LLM_TIMEOUT_SECONDS: '0.5' }).complete(
        asking('hello'),
        calling({ deadlineAt: new Date(real() + 20_000).toISOString() }),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      t.mock.method(Date, 'now', () => real() + jump);
      const { target, attempts } = answered(await turn);
      assert.deepEqual([target.model, attempts], [FALLBACK, 2]);
      t.mock.restoreAll();
    }
  });

  test('the costs of all attempts are added up', async () => {
    const gateway = testGateway(simulator.url);
    const single = answered(await complete(gateway, asking('hello')));
    await simulator.script(once({ kind: 'truncated' }));
    const double = answered(await complete(gateway, asking('hello')));
    assert.ok((double.costNanoUsd ?? 0) > (single.costNanoUsd ?? 0));
  });
});
