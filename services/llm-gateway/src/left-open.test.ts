// A gateway that is killed in the middle of a provider call, beside a NATS server and the simulator: whatever becomes of the request, its
// attempt does not stay open in the ledger.
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerEnded, LedgerRecord } from '@troupe/contracts';
import { LOG_STREAM } from '@troupe/shared';
import { lastRecordsOf } from './test-support/accounts.ts';
import { startGateway, startGround } from './test-support/gateway-process.ts';
import { Run } from './test-support/run.ts';
import { startSimulator } from './test-support/simulator.ts';

const simulator = await startSimulator();
const ground = await startGround();
const { kernel } = ground;
const start = () =>
  startGateway(ground.url, { OPENAI_API_KEY: 'sk-test-left-open', OPENAI_BASE_URL: `${simulator.url}/v1` });

/** What is delivered and not acked comes again at once, not only when its time is over. */
async function forgetDeliveries(): Promise<void> {
  const { consumers } = await kernel.connection.jetstreamManager();
  const { config } = await consumers.info(LOG_STREAM, 'llm-gateway');
  await consumers.update(LOG_STREAM, 'llm-gateway', { ...config, ack_wait: 100e6 });
  await sleep(500);
  await consumers.update(LOG_STREAM, 'llm-gateway', config);
}

/** A request over whose first provider call its gateway dies. */
async function killedOver(workflow: string) {
  await simulator.reset();
  await simulator.script({ then: { kind: 'hang' } });
  await using dying = await start();
  const run = await Run.begin(kernel, workflow);
  const request = await run.ask({ messages: [{ role: 'user', content: { text: 'hello' } }] });
  while ((await simulator.calls()).length === 0) await sleep(20);
  dying.service.kill('SIGKILL');
  await dying.service.exited;
  await forgetDeliveries();
  const records = () => lastRecordsOf(kernel, { ...run.key, request });
  return { run, request, records };
}

async function ended(records: () => Promise<LedgerRecord[]>): Promise<LedgerEnded> {
  const signal = AbortSignal.timeout(30_000);
  for (;;) {
    const [record] = await records();
    if (record?.phase === 'ended') return record;
    await sleep(50, undefined, { signal });
  }
}

suite('a gateway that was killed in mid-call', { concurrency: false, timeout: 120_000 }, () => {
  after(async () => {
    for (const opened of [ground, simulator]) await opened[Symbol.asyncDispose]();
  });

  test('leaves an attempt that the next one ends, though the request was cancelled meanwhile and nobody is asked again', async () => {
    const { run, request, records } = await killedOver('cancelled');
    await run.write('llm.cancelled', { reason: 'stopped_by_machine' }, request);
    assert.deepEqual(
      (await records()).map(({ phase }) => phase),
      ['begun'],
    );
    await using gateway = await start();
    assert.equal((await ended(records)).outcome, 'suspected_duplicate', gateway.said());
    assert.equal((await simulator.calls()).length, 1);
  });

  test('leaves an attempt whose cost stands in the outcome that the next one writes', async () => {
    const { run, request, records } = await killedOver('answered');
    await using gateway = await start();
    const { data } = await run.answerTo(request);
    const costs = (await records()).map((record) => (record.phase === 'ended' && record.cost_nano_usd) || 0);
    assert.deepEqual([data.attempts, costs.length], [2, 2], gateway.said());
    assert.equal(
      data.cost_nano_usd,
      costs.reduce((sum, cost) => sum + cost, 0),
    );
  });
});
