// The chain of targets against the real simulator over HTTP: what the caller gets, and what the providers saw.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import { freePort } from '@troupe/setup';
import {
  ANTHROPIC_KEY,
  answered,
  asking,
  calling,
  complete,
  failed,
  OPENAI_KEY,
  testGateway,
} from './test-support/gateway.ts';
import { keptLogger } from './test-support/kept-logger.ts';
import { startSimulator } from './test-support/simulator.ts';

const simulator = await startSimulator();
const PRIMARY = 'gpt-4.1-mini';
const FALLBACK = 'gpt-3.5-turbo';
/** One that says what it thinks at once. */
const CLAUDE = 'claude-3-5-haiku-latest';

const always = (then: object, model = PRIMARY): object => ({ match: { model }, times: null, then });
const once = (then: object, model = PRIMARY): object => ({ match: { model }, then });

/** Models asked, in the order in which the calls came in. */
const asked = async (): Promise<string[]> => (await simulator.calls()).map(({ model }) => model);

suite('the chain of targets', { concurrency: false, timeout: 240_000 }, () => {
  beforeEach(() => simulator.reset());
  after(() => simulator[Symbol.asyncDispose]());

  test('the primary answers, and its answer, usage and end are told as they were', async () => {
    const { answer, target, attempts } = answered(
      await complete(testGateway(simulator.url), asking('say hello')),
    );
    assert.match(answer.text ?? '', /^\[provider-simulator\] /);
    assert.equal(answer.finish, 'stop');
    assert.deepEqual(answer.calls, []);
    assert.deepEqual([target.provider, target.model, attempts], ['openai', PRIMARY, 1]);
    const [call] = await simulator.calls();
    assert.deepEqual(answer.usage, { input_tokens: call?.input_tokens, output_tokens: call?.output_tokens });
  });

  test('a 429 is tried again at the same target, no sooner than it asked for', async () => {
    await simulator.script(once({ kind: 'error', status: 429, headers: { 'retry-after': '1' } }));
    const startedAt = performance.now();
    const { attempts, target } = answered(await complete(testGateway(simulator.url), asking('hello')));
    assert.deepEqual([target.model, attempts], [PRIMARY, 2]);
    assert.ok(performance.now() - startedAt >= 1_000);
  });

  test('a wait that does not fit into the time is not begun: the next target is asked at once', async () => {
    await simulator.script(always({ kind: 'error', status: 429, headers: { 'retry-after': '90' } }));
    const { attempts, target } = answered(await complete(testGateway(simulator.url), asking('hello')));
    assert.deepEqual([target.model, attempts], [FALLBACK, 2]);
  });

  test('an exhausted quota is not tried again, though it is a 429 too', async () => {
    await simulator.script(always({ kind: 'error', status: 429, code: 'insufficient_quota' }));
    const gateway = testGateway(simulator.url, { AGENT_FALLBACK_MODEL: CLAUDE });
    assert.equal(answered(await complete(gateway, asking('hello'))).target.model, CLAUDE);
    assert.deepEqual(await asked(), [PRIMARY, CLAUDE]);
  });

  test('a target that fails with 500 again and again is tried four times, then the next one answers', async () => {
    await simulator.script(always({ kind: 'error', status: 500 }));
    const { attempts, target } = answered(await complete(testGateway(simulator.url), asking('hello')));
    assert.deepEqual([target.model, attempts], [FALLBACK, 5]);
    assert.deepEqual(await asked(), [PRIMARY, PRIMARY, PRIMARY, PRIMARY, FALLBACK]);
  });

  test('a primary that cannot be connected to is replaced by the fallback', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}/v1`;
    const gateway = testGateway(simulator.url, { OPENAI_BASE_URL: nobody, AGENT_FALLBACK_MODEL: CLAUDE });
    const { target, attempts } = answered(await complete(gateway, asking('hello')));
    assert.deepEqual([target.provider, target.model, attempts], ['anthropic', CLAUDE, 5]);
  });

  test('a connection that is reset before the answer is tried again', async () => {
    await simulator.script(once({ kind: 'reset' }));
    const { attempts, target } = answered(await complete(testGateway(simulator.url), asking('hello')));
    assert.deepEqual([target.model, attempts], [PRIMARY, 2]);
  });

  for (const model of [PRIMARY, CLAUDE]) {
    const env = { AGENT_PRIMARY_MODEL: model, AGENT_LLM_TIMEOUT_SECONDS: '1' };

    test(`${model}: silence until the time for the first content is up sends the call to the next target at once`, async () => {
      await simulator.script(always({ kind: 'hang' }, model));
      const { target, attempts } = answered(await complete(testGateway(simulator.url, env), asking('hello')));
      assert.deepEqual([target.model, attempts], [FALLBACK, 2]);
      assert.deepEqual(await asked(), [model, FALLBACK]);
    });

    test(`${model}: headers and a first event are no content, so they do not prolong the wait`, async () => {
      await simulator.script(always({ kind: 'stall', afterEvents: 1, ms: 20_000 }, model));
      const { target } = answered(await complete(testGateway(simulator.url, env), asking('hello')));
      assert.equal(target.model, FALLBACK);
      assert.deepEqual(await asked(), [model, FALLBACK]);
    });

    for (const [fault, action] of [
      ['stalls in the middle', { kind: 'stall', afterEvents: 5, ms: 20_000 }],
      ['is cut in the middle', { kind: 'cut', afterEvents: 5 }],
      ['is cut just before its last event', { kind: 'cut', afterEvents: 1_000 }],
      ['ends silently without its terminal event', { kind: 'no_terminal' }],
      ['holds an event that is no JSON', { kind: 'malformed_event', afterEvents: 3 }],
      ['is an HTML page', { kind: 'html' }],
    ] as const) {
      test(`${model}: an answer that ${fault} is begun anew and comes back whole`, async () => {
        const whole = answered(await complete(testGateway(simulator.url, env), asking('hello'))).answer;
        await simulator.reset();
        await simulator.script(once(action, model));
        const again = answered(await complete(testGateway(simulator.url, env), asking('hello')));
        assert.deepEqual([again.target.model, again.attempts], [model, 2]);
        assert.deepEqual(again.answer, whole);
      });

      test(`${model}: a target whose answer ${fault} every time never makes a truncated success`, async () => {
        await simulator.script(always(action, model));
        const { target, answer } = answered(await complete(testGateway(simulator.url, env), asking('hello')));
        assert.equal(target.model, FALLBACK);
        assert.equal(answer.finish, 'stop');
        assert.deepEqual(await asked(), [model, model, FALLBACK]);
      });
    }

    test(`${model}: an overload told in mid-stream is tried once more, then the next target is asked`, async () => {
      await simulator.script(
        always({ kind: 'error_event', afterEvents: 2, type: 'overloaded_error' }, model),
      );
      const { target } = answered(await complete(testGateway(simulator.url, env), asking('hello')));
      assert.equal(target.model, FALLBACK);
      assert.deepEqual(await asked(), [model, model, FALLBACK]);
    });

    test(`${model}: a 400 goes neither to another attempt nor to another target`, async () => {
      await simulator.script(
        always({ kind: 'error', status: 400, message: 'bad request with secrets' }, model),
      );
      const { error, attempts } = failed(await complete(testGateway(simulator.url, env), asking('hello')));
      assert.deepEqual([error.code, attempts], ['request_rejected', 1]);
      assert.doesNotMatch(error.message, /secrets/);
      assert.deepEqual(await asked(), [model]);
    });

    test(`${model}: a refusal is told as one and not laundered through another model`, async () => {
      await simulator.script(once({ kind: 'refusal', text: 'I cannot help with that.' }, model));
      const { answer, target } = answered(await complete(testGateway(simulator.url, env), asking('hello')));
      assert.deepEqual([answer.finish, answer.text], ['refused', 'I cannot help with that.']);
      assert.equal(target.model, model);
      assert.deepEqual(await asked(), [model]);
    });

    test(`${model}: an answer that ran into its token limit is asked for once more, with twice the room`, async () => {
      await simulator.script(once({ kind: 'truncated' }, model));
      const { answer, attempts } = answered(await complete(testGateway(simulator.url, env), asking('hello')));
      assert.deepEqual([answer.finish, attempts], ['stop', 2]);
      assert.deepEqual(await asked(), [model, model]);
    });

    test(`${model}: an answer that runs into the larger limit too is told as truncated`, async () => {
      await simulator.script(always({ kind: 'truncated' }, model));
      const { answer, kind } = answered(
        await complete(testGateway(simulator.url, env), asking('a goal of some words')),
      );
      assert.deepEqual([kind, answer.finish], ['truncated', 'truncated']);
      assert.match(answer.text ?? '', /^\[prov/);
      assert.deepEqual(await asked(), [model, model]);
    });

    test(`${model}: a key that is refused is not tried again, and stands in no error and no log line`, async () => {
      const other = model === PRIMARY ? CLAUDE : FALLBACK;
      await simulator.script(
        always({ kind: 'error', status: 401, message: `wrong key ${OPENAI_KEY} ${ANTHROPIC_KEY}` }, model),
      );
      await simulator.script(always({ kind: 'error', status: 403, message: OPENAI_KEY }, other));
      const gateway = testGateway(simulator.url, { ...env, AGENT_FALLBACK_MODEL: other });
      const { logger, lines } = keptLogger();
      const { error } = failed(await gateway.complete(asking('my prompt'), calling({ logger })));
      assert.equal(error.code, 'providers_unavailable');
      assert.match(
        error.message,
        new RegExp(`${model}: unauthorized \\(401\\) after 1 attempt; .*forbidden \\(403\\)`),
      );
      const said = JSON.stringify(error) + lines.join('') + gateway.logged();
      for (const secret of [OPENAI_KEY, ANTHROPIC_KEY, 'my prompt']) assert.ok(!said.includes(secret));
      assert.deepEqual(await asked(), [model, other]);
    });
  }

  test('a failed response, which the SDK hands over like any event, is a fault of the server', async () => {
    await simulator.script(once({ kind: 'response_failed', afterEvents: 3 }));
    const { attempts, target } = answered(await complete(testGateway(simulator.url), asking('hello')));
    assert.deepEqual([target.model, attempts], [PRIMARY, 2]);
  });

  test('a conversation that is too long is told as such, without another attempt', async () => {
    await simulator.script(always({ kind: 'error', status: 400, code: 'context_length_exceeded' }));
    const { error, attempts } = failed(await complete(testGateway(simulator.url), asking('hello')));
    assert.deepEqual([error.code, attempts], ['context_too_long', 1]);
  });

  test('what the fallback rejects does not mask why the primary failed', async () => {
    await simulator.script(
      always({ kind: 'error', status: 503 }),
      always({ kind: 'error', status: 400 }, FALLBACK),
    );
    const { error } = failed(await complete(testGateway(simulator.url), asking('hello')));
    assert.equal(error.code, 'providers_unavailable');
    assert.match(
      error.message,
      /gpt-4\.1-mini: server_error \(503\) after 4 attempts; .*request_rejected \(400\)/,
    );
  });

  test('without a fallback the failure of the only target is the end', async () => {
    await simulator.script(always({ kind: 'error', status: 500 }));
    const gateway = testGateway(simulator.url, { FF_AGENTS_LLM_FALLBACK: 'false' });
    const { error, attempts } = failed(await complete(gateway, asking('hello')));
    assert.deepEqual([error.code, attempts], ['providers_unavailable', 4]);
    assert.deepEqual(new Set(await asked()), new Set([PRIMARY]));
  });

  test('the whole turn is bounded in time, over all attempts', async () => {
    await simulator.script(always({ kind: 'hang' }), always({ kind: 'hang' }, FALLBACK));
    const gateway = testGateway(simulator.url, {}, { times: { turn: 300 } });
    const { error } = failed(await complete(gateway, asking('hello')));
    assert.equal(error.code, 'providers_unavailable');
    assert.match(error.message, /out_of_time/);
  });

  test('a caller that leaves ends the provider call, and the turn rejects with its reason', async () => {
    await simulator.script(always({ kind: 'hang' }));
    const leaving = new AbortController();
    const reason = new Error('draining');
    const turn = complete(testGateway(simulator.url), asking('hello'), leaving.signal);
    while ((await simulator.calls()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.abort(reason);
    await assert.rejects(turn, reason);
    while ((await simulator.calls())[0]?.outcome === 'open')
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(
      (await simulator.calls()).map(({ outcome }) => outcome),
      ['aborted'],
    );
  });

  test('nothing of a trace is handed on to a provider', async () => {
    await complete(testGateway(simulator.url), asking('hello'));
    await complete(testGateway(simulator.url, { AGENT_PRIMARY_MODEL: CLAUDE }), asking('hello'));
    assert.deepEqual(
      (await simulator.calls()).map(({ headers }) => headers.traceparent),
      [null, null],
    );
  });

  test('a hundred turns at once are all answered, each with its own', async () => {
    const gateway = testGateway(simulator.url, { AGENT_LLM_TIMEOUT_SECONDS: '30' });
    const turns = await Promise.all(
      Array.from({ length: 100 }, (_, i) => complete(gateway, asking(`goal ${i}`))),
    );
    for (const [i, turn] of turns.entries())
      assert.match(answered(turn).answer.text ?? '', new RegExp(`goal ${i}\\b`));
  });
});
