// The circuits of two gateways whose NATS server goes away in an outage of the provider, and comes back.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findNatsServer, localDir, startNatsServer } from '@troupe/setup';
import {
  CIRCUITS_BUCKET,
  createLogger,
  environment,
  openEntries,
  openKernel,
  provision,
} from '@troupe/shared';
import type { Kernel } from '@troupe/shared';
import type { Circuit, Permit } from './circuit.ts';
import { CIRCUIT_RULES, createCircuits } from './circuits.ts';

const OPEN_FOR_MS = 300;
const TARGET = 'openai/gpt-4.1-mini';

const circuitsOf = ({ connection, publisher }: Kernel, instance: string) =>
  createCircuits({
    rules: { ...CIRCUIT_RULES, openForMs: OPEN_FOR_MS },
    fleet: openEntries(connection, publisher, CIRCUITS_BUCKET),
    instance,
    now: () => performance.now(),
    wallNow: () => Date.now(),
    random: () => 0.5,
    onChange: () => undefined,
    readEveryMs: 200,
  });

async function permitOf(circuit: Circuit): Promise<Permit> {
  const answer = await circuit.ask();
  assert.equal(answer.kind, 'permitted');
  return answer.permit;
}
async function open(circuit: Circuit): Promise<void> {
  for (let time = 0; time < 5; time += 1) (await permitOf(circuit)).report('bad');
  assert.equal((await circuit.ask()).kind, 'open');
}
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await holds())) {
    assert.ok(performance.now() - startedAt < 10_000, what);
    await sleep(20);
  }
}

test('while the server is away each gateway opens, probes and closes by itself, and they agree again when it is back', async (context) => {
  const storeDir = await mkdtemp(join(tmpdir(), 'circuits-'));
  context.after(() => rm(storeDir, { recursive: true }));
  const { command: binary } = await findNatsServer({
    env: environment(),
    localDir,
    report: () => undefined,
  });
  const logger = createLogger('test', 'silent');
  await using server = await startNatsServer({ binary, storeDir });
  const opening = (name: string) => openKernel({ url: server.url, name, logger });
  await using first = await opening('first');
  await using second = await opening('second');
  await provision(first.connection, server.monitorUrl);
  using circuits = circuitsOf(first, 'first');
  using others = circuitsOf(second, 'second');
  const [here, there] = [circuits.of(TARGET), others.of(TARGET)];

  await server.stop();
  await open(here);
  assert.equal((await there.ask()).kind, 'permitted', 'nobody told the other one');
  await sleep(OPEN_FOR_MS + 10);
  const probe = await permitOf(here);
  assert.equal(probe.probe, true);
  probe.report('bad');
  await sleep(OPEN_FOR_MS + 10);
  (await permitOf(here)).report('good');
  assert.equal((await permitOf(here)).probe, false);

  await server.restart();
  await until('news travel again', async () => {
    for (let time = 0; time < 5; time += 1) {
      const answer = await here.ask();
      if (answer.kind === 'permitted') answer.permit.report('bad');
    }
    return (await there.ask()).kind === 'open';
  });
});
