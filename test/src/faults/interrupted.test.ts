// Work that is interrupted in the middle. What a run is at when it is cancelled or out of time is stopped: the provider sees the
// socket close, the page is gone, nothing starts afterwards, and a result that comes all the same is refused by the log. A gateway
// that dies in mid-call costs one more call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CallRecord } from '../../../services/provider-simulator/src/ledger.ts';
import { withStack } from '../e2e/with-stack.ts';
import { until } from '../support/until.ts';
import { Stage } from './stage.ts';

/** Shorter than everything that would end the work by itself: the model's and the page's time, the look every 10 s. */
const STOPPED_WITHIN_MS = 5_000;

/** A page that waits for ever for a request of its own, so that the world sees when the page is gone. */
const html = `<!doctype html><title>Open</title><script>fetch('/never/held' + location.pathname)</script>`;

const silence = { then: { kind: 'hang' } } as const;
const patient = { AGENT_LLM_TIMEOUT_SECONDS: '30' };

const open = (calls: readonly CallRecord[]): boolean => calls.some(({ outcome }) => outcome === 'open');

/** Resolves when the provider saw the socket of the one call close; says how long that was after `since`. */
async function socketCloses(stage: Stage, workflow: string, since: number, t: TestContext): Promise<void> {
  const [call] = await until(
    'the socket closes',
    async () => {
      const calls = await stage.calls(workflow);
      return !open(calls) && calls;
    },
    STOPPED_WITHIN_MS,
  );
  assert.equal(call?.outcome, 'aborted');
  t.diagnostic(
    `the provider saw the socket close ${Date.parse(call.ended_at!) - since} ms after the wish was stored`,
  );
}

const waitsFor = (stage: Stage, path: string): boolean => stage.given.world.waitedFor().includes(path);

async function pageIsGone(stage: Stage, path: string, since: number, t: TestContext): Promise<void> {
  await until('the page is gone', () => !waitsFor(stage, path), STOPPED_WITHIN_MS);
  t.diagnostic(`the page was gone ${Date.now() - since} ms after the wish was stored`);
}

const RUNS = 12;
/** recall, think, notify, think: what the simulator makes of the goal. */
const TURNS = 2;

/** Kills one of two gateways while each run is in its first call; the other takes them over when their AckWait of 20 s is over. */
async function gatewayDies(stage: Stage, t: TestContext, died: () => void): Promise<void> {
  const workflows = Array.from({ length: RUNS }, (_, i) => `call-${i}`);
  await stage.script({ match: { contains: 'Run call-' }, times: RUNS, then: { kind: 'latency', ms: 1_500 } });
  await Promise.all(
    workflows.map((workflow) => stage.request({ goal: `Run ${workflow}: notify me of it.`, workflow })),
  );
  await until('every run is in its first call', async () => (await stage.calls('Run call-')).length === RUNS);
  const [gateway] = stage.given.stack.processes('llm-gateway');
  await gateway!.stop({ signal: 'SIGKILL' });
  died();
  let broken = 0;
  for (const workflow of workflows) {
    await stage.holds(workflow, 'workflow.completed', 60_000);
    const calls = await stage.calls(`Run ${workflow}:`);
    const again = calls.filter(({ outcome }) => outcome === 'aborted').length;
    assert.ok(again <= 1);
    assert.deepEqual([workflow, calls.length], [workflow, TURNS + again]);
    broken += again;
  }
  assert.ok(broken > 0, 'the gateway died with calls in hand');
  t.diagnostic(`${broken} of ${RUNS} calls were broken off, and made once more`);
  assert.equal(stage.given.world.notifications.length, RUNS);
}

const typesOf = (log: readonly { type: string }[]): string[] => log.map(({ type }) => type);

test('work that is interrupted in the middle is stopped, or done once more by another', {
  concurrency: true,
}, async (t) => {
  await withStack({ html, counts: { 'llm-gateway': 2 }, env: { 'llm-gateway': patient } }, async (given) => {
    await using stage = await Stage.open(given);
    const { url } = given.world;

    // Its wait for the AckWait is spent with everything below.
    const died = Promise.withResolvers<void>();
    const takenOver = t.test(
      'a gateway that is killed in mid-call costs one more provider call for each call in its hands, and no more',
      (t) => gatewayDies(stage, t, died.resolve),
    );
    await Promise.race([died.promise, takenOver]);

    /** A run whose model call is under way. */
    async function thinking(workflow: string, deadlineSeconds?: number): Promise<void> {
      await stage.script({ match: { contains: workflow }, ...silence });
      const goal = `Run ${workflow}: notify me of nothing.`;
      await stage.request({ goal, workflow, ...(deadlineSeconds && { deadlineSeconds }) });
      await until('the model call', async () => open(await stage.calls(workflow)));
    }

    await t.test(
      'cancelled during a model call: the socket closes, and nothing starts afterwards',
      async (t) => {
        await thinking('thinker');
        const since = await stage.cancel('thinker');
        await socketCloses(stage, 'thinker', since, t);
        await stage.holds('thinker', 'workflow.cancelled');
        const log = await stage.staysEnded('thinker');
        assert.deepEqual(typesOf(log).slice(-3), [
          'llm.requested',
          'workflow.cancel_requested',
          'workflow.cancelled',
        ]);
      },
    );

    await t.test(
      'cancelled while the gateway stood still: the answer that waited for it is refused by the log',
      async () => {
        await stage.script({ match: { contains: 'sleeper' }, then: { kind: 'latency', ms: 1_000 } });
        await stage.request({ goal: 'Run sleeper: notify me of nothing.', workflow: 'sleeper' });
        await until('the model call', async () => open(await stage.calls('sleeper')));
        const [gateway] = given.stack.processes('llm-gateway');
        gateway!.kill('SIGSTOP');
        try {
          await until('the answer', async () => !open(await stage.calls('sleeper')));
          await stage.cancel('sleeper');
          await stage.holds('sleeper', 'workflow.cancelled');
        } finally {
          gateway!.kill('SIGCONT');
        }
        const said = /late result, not written|work stopped: no longer wanted/;
        await until('the gateway says so', () =>
          given.lines.some((line) => said.test(line) && line.includes('sleeper')),
        );
        const log = await stage.staysEnded('sleeper');
        assert.ok(!typesOf(log).includes('llm.completed'));
        assert.equal(
          (await stage.calls('sleeper'))[0]?.outcome,
          'completed',
          'the provider answered in full',
        );
      },
    );

    await t.test('cancelled during a browser job: the page is gone, nobody is notified', async (t) => {
      await stage.request({ goal: `Open ${url}/looker and read \`#never\`.`, workflow: 'looker' });
      await until('the page is open', () => waitsFor(stage, '/never/held/looker'));
      const since = await stage.cancel('looker');
      await pageIsGone(stage, '/never/held/looker', since, t);
      await stage.holds('looker', 'workflow.cancelled');
      const log = await stage.staysEnded('looker');
      assert.ok(!typesOf(log).includes('tool.completed') && !typesOf(log).includes('notification.created'));
    });

    await t.test('cancelled while its page is being opened: the browser hangs up', async (t) => {
      await stage.request({ goal: `Open ${url}/never/opener and read \`p\`.`, workflow: 'opener' });
      await until('the page is asked for', () => waitsFor(stage, '/never/opener'));
      const since = await stage.cancel('opener');
      await pageIsGone(stage, '/never/opener', since, t);
      await stage.holds('opener', 'workflow.cancelled');
      await stage.staysEnded('opener');
    });

    await t.test('out of time during a model call and during a browser job: both are stopped', async (t) => {
      const began = Date.now();
      await thinking('late-thinker', 2);
      const goal = `Open ${url}/late-looker and read \`#never\`.`;
      await stage.request({ goal, workflow: 'late-looker', deadlineSeconds: 3 });
      await until('the page is open', () => waitsFor(stage, '/never/held/late-looker'));
      for (const workflow of ['late-thinker', 'late-looker']) {
        const log = await stage.holds(workflow, 'workflow.failed');
        // The gateway keeps the run's deadline by itself, and may be the first to say so.
        assert.match(typesOf(log).slice(-2).join(' '), /^(timer\.fired|llm\.failed) workflow\.failed$/);
        const result = log.at(-1)!;
        assert.ok(result.type === 'workflow.failed' && result.data.error?.code === 'deadline_exceeded');
      }
      await socketCloses(stage, 'late-thinker', began + 2_000, t);
      await pageIsGone(stage, '/never/held/late-looker', began + 3_000, t);
      await Promise.all(['late-thinker', 'late-looker'].map((workflow) => stage.staysEnded(workflow)));
    });

    await t.test(
      'out of time while no planner was there: the gateway stops by itself, and the next planner ends the run',
      async (t) => {
        await thinking('orphan', 3);
        const [planner] = given.stack.processes('planner');
        await planner!.stop({ signal: 'SIGKILL' });
        const [first] = await stage.log('orphan');
        await socketCloses(stage, 'orphan', first!.storedAt + 3_000, t);
        await until(
          'the gateway says so',
          async () => (await stage.log('orphan')).at(-1)?.type === 'llm.failed',
        );
        await given.stack.add('planner');
        const log = await stage.holds('orphan', 'workflow.failed');
        const end = log.at(-1);
        assert.equal(end?.type === 'workflow.failed' && end.data.error?.code, 'deadline_exceeded');
        await stage.staysEnded('orphan');
      },
    );

    await takenOver;
    await stage.nothingPending();
    assert.deepEqual(given.world.waitedFor(), []);
    assert.equal(given.world.notifications.length, RUNS, 'nobody else was notified');
  });
});
