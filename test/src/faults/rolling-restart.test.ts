// A rolling restart as a deployment does it: each process of each service is asked to end, finishes what it has in hand, and is
// followed by a new one, all under load. No run notices.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SERVICES } from '../../../services/cli/src/stack.ts';
import { withStack } from '../e2e/with-stack.ts';
import { Crowd, judge } from './crowd.ts';
import { Stage } from './stage.ts';

const RUNS = 100;
const OF_EACH = 2;

test('a rolling restart of every service under a hundred runs loses nothing, fails nothing, and does nothing twice', async (t) => {
  const options = {
    notifyMs: 200,
    counts: Object.fromEntries(SERVICES.map((service) => [service, OF_EACH])),
    env: {
      'provider-simulator': { SIMULATOR_LATENCY_MS: '4000' },
      'llm-gateway': { AGENT_LLM_TIMEOUT_SECONDS: '30' },
    },
  };
  await withStack(options, async (given) => {
    await using stage = await Stage.open(given);
    const { stack, world } = given;
    const crowd = new Crowd(stage, (workflow) => `Notify me that ${workflow} is well.`);
    await crowd.add(RUNS);
    const restarted = new AbortController();
    const keeping = crowd.keep(RUNS, restarted.signal);

    for (const service of SERVICES) {
      for (const process_ of stack.processes(service)) {
        const { turns, underWay } = await crowd.reaches('load', (progress) => progress.underWay > 0, 60_000);
        const { code, signal } = await process_.stop({ graceMs: 60_000 });
        assert.deepEqual([service, code, signal], [service, 0, null]);
        await stack.add(service);
        await crowd.reaches('the work goes on', (progress) => progress.turns > turns, 60_000);
        t.diagnostic(`${service} was restarted with ${underWay} runs under way`);
      }
    }
    restarted.abort();
    await keeping;

    const { workflows } = crowd;
    await crowd.reaches('every end', ({ underWay }) => underWay === 0, 180_000);
    await stage.nothingPending(120_000);
    const verdict = await judge(stage, workflows);
    t.diagnostic(JSON.stringify(verdict));
    assert.deepEqual([verdict.completed, verdict.unknown], [workflows.length, 0]);
    assert.equal(world.notifications.length, workflows.length);
  });
});
