// The circuits of three gateways on a real NATS server: they open, probe and close as one.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from '@troupe/shared';
import { CIRCUITS_BUCKET, createLogger, openEntries, openKernel } from '@troupe/shared';
import type { Ground } from '../test-support/gateway-process.ts';
import { startGround } from '../test-support/gateway-process.ts';
import type { Circuit, CircuitAnswer, Circuits, Health, Permit } from './circuit.ts';
import { CIRCUIT_RULES, createCircuits } from './circuits.ts';

/** Long beside what a busy machine takes for a look at all three: a look behind it would be a probe. */
const OPEN_FOR_MS = 2_000;
const RULES = { ...CIRCUIT_RULES, openForMs: OPEN_FOR_MS, leaseMs: 5_000 };
const GATEWAYS = 3;

let ground: Ground;
const kernels: Kernel[] = [];
before(async () => {
  ground = await startGround();
  for (let number = 0; number < GATEWAYS; number += 1)
    kernels.push(
      await openKernel({ url: ground.url, name: `g${number}`, logger: createLogger('test', 'silent') }),
    );
});
after(async () => {
  for (const kernel of kernels) await kernel[Symbol.asyncDispose]();
  await ground[Symbol.asyncDispose]();
});

interface Gateways extends Disposable {
  readonly all: readonly Circuits[];
  readonly of: (target: string) => Circuit[];
  readonly states: string[];
}

const SILENCE: Disposable = {
  [Symbol.dispose]() {
    // There is nothing to end.
  },
};

let started = 0;
/** `deaf`: they hear of no change. */
function startGateways({ readEveryMs = 60_000, deaf = false } = {}): Gateways {
  const states: string[] = [];
  const all = kernels.map(({ connection, publisher }) =>
    createCircuits({
      rules: RULES,
      fleet: {
        ...openEntries(connection, publisher, CIRCUITS_BUCKET),
        ...(deaf ? { onChange: () => SILENCE } : {}),
      },
      instance: `gateway-${(started += 1)}`,
      now: () => performance.now(),
      wallNow: () => Date.now(),
      random: () => 0.5,
      onChange: (target, state) => states.push(`${target} ${state}`),
      readEveryMs,
    }),
  );
  return {
    all,
    states,
    of: (target) => all.map((circuits) => circuits.of(target)),
    [Symbol.dispose]() {
      for (const circuits of all) circuits[Symbol.dispose]();
    },
  };
}

const permitsIn = (answers: readonly CircuitAnswer[]): Permit[] =>
  answers.flatMap((answer) => (answer.kind === 'permitted' ? [answer.permit] : []));
const say = async (circuit: Circuit | undefined, health: Health, times: number): Promise<void> => {
  for (let time = 0; time < times; time += 1)
    for (const permit of permitsIn([await circuit!.ask()])) permit.report(health);
};
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await holds())) {
    assert.ok(performance.now() - startedAt < 30_000, what);
    await sleep(10);
  }
}
const isOpen = async (circuit: Circuit): Promise<boolean> => (await circuit.ask()).kind === 'open';
const allAre = (open: boolean, circuits: readonly Circuit[]) => async (): Promise<boolean> =>
  (await Promise.all(circuits.map(isOpen))).every((is) => is === open);
/** Asks until it may call. */
async function nextPermit(circuit: Circuit | undefined): Promise<Permit> {
  let permits: Permit[] = [];
  await until('a permit', async () => {
    permits = permitsIn([await circuit!.ask()]);
    return permits.length > 0;
  });
  return permits[0]!;
}

suite('the circuits of three gateways', { concurrency: false, timeout: 120_000 }, () => {
  test('a circuit that opens in one gateway opens in all, and only that one', async () => {
    using gateways = startGateways();
    const circuits = gateways.of('openai/opens-in-one');
    await say(circuits[0], 'bad', 5);
    await until('open in all', allAre(true, circuits));
    assert.ok(await allAre(false, gateways.of('openai/another'))());
  });

  test('fifty callers in three gateways find the time over: one probes, and its success lets all pass', async () => {
    using gateways = startGateways();
    const circuits = gateways.of('openai/one-probe');
    await say(circuits[0], 'bad', 5);
    await until('open in all', allAre(true, circuits));
    await sleep(OPEN_FOR_MS + 50);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, caller) => circuits[caller % 3]!.ask()));
    const [probe, ...others] = permitsIn(answers);
    assert.deepEqual([probe?.probe, others], [true, []]);
    await sleep(50);
    assert.ok(await allAre(true, circuits)(), 'nobody passes while the probe is out');
    probe?.report('good');
    await until('closed in all', allAre(false, circuits));
  });

  test('a probe that says nothing of the target leaves the probe to the next caller, in whichever gateway', async () => {
    using gateways = startGateways();
    const circuits = gateways.of('openai/rate-limited.probe');
    await say(circuits[0], 'bad', 5);
    await until('open in all', allAre(true, circuits));
    await sleep(OPEN_FOR_MS + 50);
    for (const prober of [circuits[1], circuits[2], circuits[0]]) {
      const probe = await nextPermit(prober);
      assert.equal(probe.probe, true);
      assert.equal(permitsIn(await Promise.all(circuits.map((circuit) => circuit.ask()))).length, 0);
      probe.report('unknown');
    }
  });

  test('a probe that fails keeps the circuit open in all gateways for another while', async () => {
    using gateways = startGateways();
    const circuits = gateways.of('anthropic/ill:for-long');
    await say(circuits[0], 'bad', 5);
    await until('open in all', allAre(true, circuits));
    await sleep(OPEN_FOR_MS + 50);
    (await nextPermit(circuits[0])).report('bad');
    await sleep(OPEN_FOR_MS / 2);
    assert.ok(await allAre(true, circuits)());
    const probe = await nextPermit(circuits[0]);
    assert.equal(probe.probe, true);
    probe.report('good');
    await until('closed in all', allAre(false, circuits));
  });

  test('a gateway that starts in the middle of an outage does not call the target', async () => {
    using gateways = startGateways();
    await say(gateways.of('openai/late-start')[0], 'bad', 5);
    await sleep(50);
    using late = startGateways();
    const circuits = late.of('openai/late-start');
    await until('open in those that came late', allAre(true, circuits));
    assert.equal((await nextPermit(circuits[0])).probe, true);
  });

  test('a change that nobody heard of is found by reading now and then', async () => {
    using gateways = startGateways({ readEveryMs: 100, deaf: true });
    const circuits = gateways.of('openai/unheard');
    await say(circuits[0], 'bad', 5);
    await until('open in all', allAre(true, circuits));
    await sleep(OPEN_FOR_MS + 50);
    (await nextPermit(circuits[0])).report('good');
    await until('closed in all', allAre(false, circuits));
  });

  test('changes of state are told with the target, once each', async () => {
    using gateways = startGateways();
    const circuits = gateways.of('openai/told');
    await say(circuits[0], 'bad', 5);
    await until('open in all', allAre(true, circuits));
    await sleep(OPEN_FOR_MS + 50);
    (await nextPermit(circuits[0])).report('good');
    await until('closed in all', allAre(false, circuits));
    const told = gateways.states.filter((state) => state.startsWith('openai/told '));
    assert.equal(told.filter((state) => state.endsWith(' open')).length, GATEWAYS);
    assert.equal(told.filter((state) => state.endsWith(' closed')).length, GATEWAYS);
  });
});
