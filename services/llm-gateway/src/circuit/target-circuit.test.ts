// One circuit, alone and among others, case by case; circuits.test.ts does it on a server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CircuitWorld, OPEN_MS, permitOf, TARGET, written } from '../test-support/circuit-world.ts';
import type { Health } from './circuit.ts';
import { CIRCUIT_RULES } from './circuits.ts';
import { entryOf } from './fleet.ts';
import type { TargetCircuit } from './target-circuit.ts';

const say = async (circuit: TargetCircuit, ...said: Health[]): Promise<void> => {
  for (const health of said) permitOf(await circuit.ask()).report(health);
};
const FIVE: Health[] = ['bad', 'bad', 'bad', 'bad', 'bad'];
test('five failures in a row close the way, and whoever asks is told for how long', async () => {
  const world = new CircuitWorld();
  const circuit = world.gateway('a');
  await say(circuit, ...FIVE);
  world.now += 10_000;
  assert.deepEqual(await circuit.ask(), { kind: 'open', retryAfterMs: OPEN_MS - 10_000 });
  assert.deepEqual(world.changes, ['a open']);
});

test('what says nothing about the target is not counted', async () => {
  const circuit = new CircuitWorld().gateway('a');
  await say(circuit, 'bad', 'bad', 'unknown', 'unknown', 'bad', 'unknown', 'bad');
  await say(circuit, 'good');
});

test('a permit is reported on once', async () => {
  const circuit = new CircuitWorld().gateway('a');
  const permit = permitOf(await circuit.ask());
  for (let times = 0; times < 10; times += 1) permit.report('bad');
  assert.equal((await circuit.ask()).kind, 'permitted');
});

const VERDICTS: readonly (readonly [Health, string])[] = [
  ['good', 'closes the circuit'],
  ['bad', 'opens it again'],
  ['slow', 'opens it again'],
  ['unknown', 'leaves the probe to the next caller'],
];
for (const [health, does] of VERDICTS) {
  test(`after its time one call probes, and ${health} ${does}`, async () => {
    const world = new CircuitWorld();
    const circuit = world.gateway('a');
    await say(circuit, ...FIVE);
    world.now += OPEN_MS;
    const answers = await Promise.all(Array.from({ length: 10 }, () => circuit.ask()));
    const probes = answers.filter((answer) => answer.kind === 'permitted').map(permitOf);
    assert.deepEqual(
      probes.map(({ probe }) => probe),
      [true],
    );
    assert.deepEqual(await circuit.ask(), { kind: 'open', retryAfterMs: CIRCUIT_RULES.askAgainMs });
    probes[0]?.report(health);
    const next = await circuit.ask();
    if (health === 'good') assert.equal(permitOf(next).probe, false);
    else if (health === 'unknown') assert.equal(permitOf(next).probe, true);
    else assert.deepEqual(next, { kind: 'open', retryAfterMs: OPEN_MS });
  });
}

test('late failures of an outage do not open the circuit that closed meanwhile, nor count in it', async () => {
  const world = new CircuitWorld();
  const circuit = world.gateway('a');
  const late = await Promise.all(Array.from({ length: 20 }, async () => permitOf(await circuit.ask())));
  await say(circuit, ...FIVE);
  for (const permit of late.slice(0, 7)) permit.report('bad');
  world.now += OPEN_MS;
  const probe = permitOf(await circuit.ask());
  for (const permit of late.slice(7, 14)) permit.report('bad');
  probe.report('good');
  for (const permit of late.slice(14)) permit.report('bad');
  await say(circuit, 'bad', 'bad', 'bad', 'bad');
  assert.equal(permitOf(await circuit.ask()).probe, false);
});

test('of gateways that opened, one probes, and its verdict holds for all', async () => {
  for (const health of ['good', 'bad', 'unknown'] as const) {
    const world = new CircuitWorld();
    const [a, b, c] = [world.gateway('a'), world.gateway('b'), world.gateway('c')];
    await say(a, ...FIVE);
    await written();
    await world.read(a, b, c);
    assert.equal((await b.ask()).kind, 'open', 'b never saw a failure');
    world.now += OPEN_MS;
    const answers = await Promise.all([a, b, c, a, b, c].map((circuit) => circuit.ask()));
    const probes = answers.filter((answer) => answer.kind === 'permitted').map(permitOf);
    assert.equal(probes.length, 1);
    probes[0]?.report(health);
    await written();
    await world.read(a, b, c);
    const after = await Promise.all([a, b, c].map((circuit) => circuit.ask()));
    const permitted = after.filter((answer) => answer.kind === 'permitted').map(permitOf);
    assert.deepEqual(
      permitted.map(({ probe }) => probe),
      { good: [false, false, false], bad: [], unknown: [true] }[health],
    );
  }
});

test('a probe that takes longer than its lease closes the circuit when it succeeds, though another one is out by then', async () => {
  const { leaseMs } = CIRCUIT_RULES;
  for (const [other, reads] of [
    ['a', false],
    ['b', true],
    ['b', false],
  ] as const) {
    const world = new CircuitWorld();
    const gateways = { a: world.gateway('a'), b: world.gateway('b') };
    await say(gateways.a, ...FIVE);
    await written();
    await world.read(gateways.b);
    world.now += OPEN_MS;
    const slow = permitOf(await gateways.a.ask());
    await written();
    await world.read(gateways.b);
    world.now += leaseMs;
    const second = permitOf(await gateways[other].ask());
    assert.deepEqual([slow.probe, second.probe], [true, true]);
    await written();
    if (reads) await world.read(gateways.a);
    world.now += leaseMs / 3;
    slow.report('good');
    await written();
    await world.read(gateways.a, gateways.b);
    second.report('bad');
    for (const gateway of [gateways.a, gateways.b])
      assert.equal(permitOf(await gateway.ask()).probe, false, `${other} took over`);
  }
});

test('a probe that took longer than its lease and failed leaves the verdict to the one that took over', async () => {
  const world = new CircuitWorld();
  const circuit = world.gateway('a');
  await say(circuit, ...FIVE);
  world.now += OPEN_MS;
  const slow = permitOf(await circuit.ask());
  world.now += CIRCUIT_RULES.leaseMs;
  const second = permitOf(await circuit.ask());
  slow.report('bad');
  second.report('good');
  assert.equal(permitOf(await circuit.ask()).probe, false);
});

test('what becomes of calls while a process ends is told to nobody', async () => {
  const world = new CircuitWorld();
  const [a, b] = [world.gateway('a'), world.gateway('b')];
  const permits = await Promise.all(FIVE.map(async () => permitOf(await a.ask())));
  a[Symbol.dispose]();
  for (const permit of permits) permit.report('bad');
  await written();
  await world.read(b);
  assert.equal((await b.ask()).kind, 'permitted');
  assert.deepEqual(world.changes, []);
});

test('while the fleet cannot be asked a gateway opens, probes and closes by itself', async () => {
  const world = new CircuitWorld();
  world.fleet.away = true;
  const circuit = world.gateway('a');
  await say(circuit, ...FIVE);
  assert.equal((await circuit.ask()).kind, 'open');
  world.now += OPEN_MS;
  const probe = permitOf(await circuit.ask());
  assert.equal(probe.probe, true);
  probe.report('good');
  assert.equal(permitOf(await circuit.ask()).probe, false);
});

test('who opens without knowing that another gateway closed the circuit before is not overruled by that', async () => {
  const world = new CircuitWorld();
  const [a, b] = [world.gateway('a'), world.gateway('b')];
  await say(a, ...FIVE);
  world.now += OPEN_MS;
  await say(a, 'good');
  await written();
  await say(b, ...FIVE);
  await written();
  await world.read(a, b);
  assert.equal((await a.ask()).kind, 'open');
  assert.equal((await b.ask()).kind, 'open');
});

test('a bucket that lost its entries or was made anew is written to again', async () => {
  const world = new CircuitWorld();
  const a = world.gateway('a');
  await say(a, ...FIVE);
  await written();
  const anew = new CircuitWorld();
  anew.now = world.now;
  Object.assign(world.fleet, {
    put: anew.fleet.put.bind(anew.fleet),
    read: anew.fleet.read.bind(anew.fleet),
  });
  world.now += OPEN_MS;
  permitOf(await a.ask()).report('bad');
  await written();
  const b = anew.gateway('b');
  await anew.read(b);
  assert.equal((await b.ask()).kind, 'open');
});

test('an entry that nobody can read says nothing, and does not stop a probe', async () => {
  const world = new CircuitWorld();
  const circuit = world.gateway('a');
  await world.fleet.put(entryOf(TARGET), '{"state":"ajar"}', 0, 1);
  await world.read(circuit);
  assert.equal((await circuit.ask()).kind, 'permitted');
  await say(circuit, ...FIVE);
  await written();
  world.now += OPEN_MS;
  assert.equal(permitOf(await circuit.ask()).probe, true);
});
