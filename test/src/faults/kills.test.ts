// Two of each service and two hundred runs at once; then, in the middle, one process of each service and nats-server are killed, one
// after the other. Nothing is lost, nothing ends twice, nothing happens twice outside.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withStack } from '../e2e/with-stack.ts';
import { dice } from '../support/property.ts';
import { Crowd, judge, redeliveries } from './crowd.ts';
import type { Victim } from './nemesis.ts';
import { kill, shuffled } from './nemesis.ts';
import { Stage } from './stage.ts';

/** Under way at every moment until the last kill: a run that ends before is replaced. */
const RUNS = 200;
const VICTIMS: readonly Victim[] = ['planner', 'llm-gateway', 'tool-executor', 'memory', 'nats-server'];
/** Model turns between one kill and the next. */
const TURNS_APART = { least: 10, most: 40 };

/** Slow enough that whatever is killed has much in hand, and that the runs outlast the kills. */
const options = {
  html: '<!doctype html><title>Shared</title><p id="value">the shared page</p>',
  notifyMs: 1_500,
  keepRunning: true,
  counts: { planner: 2, 'llm-gateway': 2, 'tool-executor': 2, memory: 2 },
  env: {
    'provider-simulator': { SIMULATOR_LATENCY_MS: '4000' },
    'llm-gateway': { AGENT_LLM_TIMEOUT_SECONDS: '30', AGENT_LLM_CONCURRENCY: '32' },
  },
};

test('200 runs at once through kills of each service and of nats-server: each ends once, no effect happens twice', async (t) => {
  const random = dice(t);
  let runs = 0;
  const report = await withStack(options, async (given) => {
    await using stage = await Stage.open(given);
    const { url } = given.world;
    const crowd = new Crowd(stage, (workflow, i) =>
      i % 25 === 0 ? `Open ${url}/${workflow} and read \`#value\`.` : `Notify me that ${workflow} is well.`,
    );
    await crowd.add(RUNS);
    const killed = new AbortController();
    const keeping = crowd.keep(RUNS, killed.signal);

    let turns = 0;
    for (const victim of shuffled(random, VICTIMS)) {
      const { least, most } = TURNS_APART;
      const goal = turns + least + Math.floor(random() * (most - least));
      const at = await crowd.reaches(`${goal} turns`, (progress) => progress.turns >= goal, 120_000);
      assert.ok(at.underWay > 0, `${victim} is killed in the middle`);
      await kill(given, victim, random);
      t.diagnostic(
        `${victim} was killed at ${at.turns} turns, ${at.underWay} runs under way, ${at.ended} ended`,
      );
      turns = (await crowd.reaches('a server', () => true, 60_000)).turns;
    }
    killed.abort();
    await keeping;

    const { workflows } = crowd;
    await crowd.reaches('every end', ({ underWay }) => underWay === 0, 240_000);
    await stage.nothingPending(120_000);
    const verdict = await judge(stage, workflows);
    t.diagnostic(`${JSON.stringify(verdict)}, ${await redeliveries(stage)} redeliveries`);
    assert.equal(verdict.completed, workflows.length);
    assert.ok((await redeliveries(stage)) > 0, 'what was in hand was delivered again');
    const { streams } = await stage.kernel.connection.jetstreamManager();
    assert.equal((await streams.info('AGENTS_DEAD')).state.messages, 0, 'nothing was given up');
    runs = workflows.length;
  });
  assert.equal(report.ended, runs);
});
