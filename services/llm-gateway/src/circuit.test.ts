// The circuit breakers against the real simulator: which calls a target is spared, and how it comes back.
import assert from 'node:assert/strict';
import { after, beforeEach, suite, test } from 'node:test';
import { answered, asking, complete, failed, testGateway } from './test-support/gateway.ts';
import { startSimulator } from './test-support/simulator.ts';

const simulator = await startSimulator();
const PRIMARY = 'gpt-4.1-mini';
const FALLBACK = 'gpt-3.5-turbo';
/** Long enough for the turns of a test on a busy machine. */
const OPEN_FOR_MS = 1_500;
const CIRCUIT = { times: { circuitOpen: OPEN_FOR_MS } };

const times = (count: number | null, then: object): object => ({
  match: { model: PRIMARY },
  times: count,
  then,
});
const asked = async (): Promise<string[]> => (await simulator.calls()).map(({ model }) => model);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

suite('the circuit breaker', { concurrency: false, timeout: 240_000 }, () => {
  beforeEach(() => simulator.reset());
  after(() => simulator[Symbol.asyncDispose]());

  test('five failures in a row open the circuit of a target, which is then called no more', async () => {
    await simulator.script(times(null, { kind: 'error', status: 500 }));
    const gateway = testGateway(simulator.url);
    for (let turn = 0; turn < 10; turn += 1) {
      assert.equal(answered(await complete(gateway, asking('hello'))).target.model, FALLBACK);
    }
    const calls = await asked();
    assert.equal(calls.filter((model) => model === PRIMARY).length, 5);
    assert.equal(calls.filter((model) => model === FALLBACK).length, 10);
  });

  test('faults of the caller do not open a circuit', async () => {
    await simulator.script(times(8, { kind: 'error', status: 400 }));
    const gateway = testGateway(simulator.url);
    for (let turn = 0; turn < 8; turn += 1) failed(await complete(gateway, asking('hello')));
    assert.equal(answered(await complete(gateway, asking('hello'))).target.model, PRIMARY);
  });

  test('an open circuit lets one call through after a while, and closes when that succeeds', async () => {
    await simulator.script(times(5, { kind: 'error', status: 500 }));
    const gateway = testGateway(simulator.url, {}, CIRCUIT);
    for (let turn = 0; turn < 3; turn += 1)
      assert.equal(answered(await complete(gateway, asking('hello'))).target.model, FALLBACK);
    await sleep(OPEN_FOR_MS + 50);
    await simulator.script(times(1, { kind: 'latency', ms: 100 }));
    const turns = await Promise.all(Array.from({ length: 5 }, () => complete(gateway, asking('hello'))));
    const models = turns.map((turn) => answered(turn).target.model);
    assert.deepEqual(
      models.filter((model) => model === PRIMARY).length,
      1,
      'one probe, the others elsewhere',
    );
    assert.equal(answered(await complete(gateway, asking('hello'))).target.model, PRIMARY);
  });

  test('a probe that fails keeps the circuit open for another while', async () => {
    await simulator.script(times(null, { kind: 'error', status: 500 }));
    const gateway = testGateway(simulator.url, {}, CIRCUIT);
    for (let turn = 0; turn < 3; turn += 1) await complete(gateway, asking('hello'));
    await sleep(OPEN_FOR_MS + 50);
    for (let turn = 0; turn < 3; turn += 1) await complete(gateway, asking('hello'));
    assert.equal((await asked()).filter((model) => model === PRIMARY).length, 6, '5 failures and 1 probe');
  });

  test('a probe that says nothing about the health of the target neither closes nor prolongs the open circuit', async () => {
    await simulator.script(
      times(5, { kind: 'error', status: 500 }),
      times(1, { kind: 'error', status: 409 }),
      times(null, { kind: 'error', status: 500 }),
    );
    const gateway = testGateway(simulator.url, {}, CIRCUIT);
    for (let turn = 0; turn < 3; turn += 1) await complete(gateway, asking('hello'));
    await sleep(OPEN_FOR_MS + 50);
    for (let turn = 0; turn < 3; turn += 1) await complete(gateway, asking('hello'));
    assert.equal(
      (await asked()).filter((model) => model === PRIMARY).length,
      7,
      '5 failures, 1 probe that decided nothing, 1 that failed',
    );
  });

  test('a caller that leaves while it probes leaves the probe to the next one', async () => {
    await simulator.script(times(5, { kind: 'error', status: 500 }), times(1, { kind: 'hang' }));
    const gateway = testGateway(simulator.url, {}, CIRCUIT);
    for (let turn = 0; turn < 3; turn += 1) await complete(gateway, asking('hello'));
    await sleep(OPEN_FOR_MS + 50);
    const left = complete(gateway, asking('hello'), AbortSignal.timeout(100));
    await assert.rejects(left);
    assert.equal(answered(await complete(gateway, asking('hello'))).target.model, PRIMARY);
  });

  test('when every circuit is open the turn fails at once and names them', async () => {
    await simulator.script({ times: null, then: { kind: 'error', status: 500 } });
    const gateway = testGateway(simulator.url);
    for (let turn = 0; turn < 3; turn += 1) failed(await complete(gateway, asking('hello')));
    const before = (await asked()).length;
    const { error, attempts } = failed(await complete(gateway, asking('hello')));
    assert.deepEqual([error.code, attempts, (await asked()).length], ['providers_unavailable', 0, before]);
    assert.match(error.message, /gpt-4\.1-mini: circuit_open.*gpt-3\.5-turbo: circuit_open/);
  });
});
