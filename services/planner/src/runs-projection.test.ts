// The projection over a real bucket: what comes late, twice or in the wrong order; and beside a planner process, whole.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunSummary } from '@troupe/contracts';
import { RUNS_BUCKET, UserId, WorkflowId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import type { Begun, Change } from './run-summaries.ts';
import { RunsProjection } from './runs-projection.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack, user } from './test-support/stack.ts';

let stack: Stack;
before(async () => {
  stack = await startStack();
});
after(() => stack[Symbol.asyncDispose]());

const BEGUN: Begun = { workflowType: 'automation', goal: 'Tell me', at: 1_000 };
let runs = 0;
/** A run of a user of its own, with what changes in it. */
function someRun() {
  runs += 1;
  const key = { user: UserId.parse(`user-${runs}`), workflow: WorkflowId.parse(`run-${runs}`) };
  const begun = (seq: number): Change => ({ key, seq, begun: BEGUN });
  const ended = (seq: number): Change => ({
    key,
    seq,
    ended: {
      status: 'completed',
      workflowType: 'automation',
      errorCode: undefined,
      startedAt: 1_000,
      at: 9_000,
    },
  });
  return { key, begun, ended };
}

/** A projection that counts what it asks of the bucket and of the log. */
function counted(lingerMs = 5) {
  const asked = { get: 0, put: 0, log: 0 };
  const { runs: view } = stack.kernel;
  const projection = new RunsProjection({
    lingerMs,
    remembered: 10,
    begunOf: () => {
      asked.log += 1;
      return Promise.resolve(BEGUN);
    },
    view: {
      get: (key) => {
        asked.get += 1;
        return view.get(key);
      },
      put: (...entry) => {
        asked.put += 1;
        return view.put(...entry);
      },
    },
  });
  return { projection, asked };
}
const listed = (key: { user: UserId }): Promise<RunSummary[]> =>
  stack.kernel.runs.list(key.user, { limit: 10 });
const statusOf = async (key: { user: UserId }) => (await listed(key)).map(({ status }) => status).join();

test('a run that begins and ends at once is written once, and nothing is read', async () => {
  const { projection, asked } = counted(100);
  const { key, begun, ended } = someRun();
  await Promise.all([projection.take(begun(1)), projection.take(ended(9))]);
  assert.deepEqual(asked, { get: 0, put: 1, log: 0 });
  assert.equal(await statusOf(key), 'completed');
});

test('a run that goes on for longer is written twice, and nothing is read', async () => {
  const { projection, asked } = counted();
  const { key, begun, ended } = someRun();
  await projection.take(begun(1));
  assert.equal(await statusOf(key), 'running');
  await projection.take(ended(9));
  assert.deepEqual(asked, { get: 0, put: 2, log: 0 });
  assert.deepEqual([await statusOf(key), (await listed(key))[0]?.goal], ['completed', 'Tell me']);
});

test('what is delivered again waits for no company, and takes along what waits already', async () => {
  const { projection, asked } = counted(3_600_000);
  const [one, other] = [someRun(), someRun()];
  const gathered = [projection.take(one.begun(1)), projection.take(other.begun(2))];
  await projection.take(one.ended(9), { atOnce: true });
  await Promise.all(gathered);
  assert.deepEqual([await statusOf(one.key), await statusOf(other.key)], ['completed', 'running']);
  assert.deepEqual(asked, { get: 0, put: 2, log: 0 });
});

test('an older state never replaces a newer one, whoever writes it', async () => {
  const { key, begun, ended } = someRun();
  const [one, other] = [counted().projection, counted().projection];
  await one.take(begun(1));
  await other.take(ended(9));
  for (const projection of [one, other, counted().projection]) {
    await projection.take(begun(1));
    await projection.take(ended(9));
    assert.equal(await statusOf(key), 'completed');
  }
  await other.take(begun(20));
  assert.equal(await statusOf(key), 'running', 'another log under the same name');
});

test('two projections that race write the newest state', async () => {
  const cases = Array.from({ length: 50 }, someRun);
  const [one, other] = [counted(0).projection, counted(0).projection];
  await Promise.all(
    cases.flatMap(({ begun, ended }, i) => [
      sleep(i % 5).then(() => one.take(begun(1))),
      sleep((i + 2) % 5).then(() => other.take(ended(9))),
      sleep((i + 1) % 5).then(() => other.take(begun(1))),
    ]),
  );
  for (const { key } of cases) {
    assert.equal(await statusOf(key), 'completed');
    assert.equal((await listed(key))[0]?.goal, 'Tell me');
  }
});

test('the begin of a run that nobody remembers is read from the log', async () => {
  const { projection, asked } = counted();
  const { key, ended } = someRun();
  await projection.take(ended(9));
  assert.deepEqual([asked.log, (await listed(key))[0]?.goal], [1, 'Tell me']);
});

test('a bucket that cannot be written is told as an outage, and the next attempt succeeds', async () => {
  const { key, begun } = someRun();
  let away = true;
  const { runs: view } = stack.kernel;
  const projection = new RunsProjection({
    lingerMs: 0,
    remembered: 10,
    begunOf: () => Promise.resolve(undefined),
    view: {
      get: view.get,
      put: (...entry) =>
        away ? Promise.reject(new RetryableError('runs_unwritable', 'away')) : view.put(...entry),
    },
  });
  await assert.rejects(projection.take(begun(1)), { code: 'runs_unwritable' });
  away = false;
  await projection.take(begun(1));
  assert.equal(await statusOf(key), 'running');
});

test('an entry that somebody else wrote is replaced', async () => {
  const { key, begun } = someRun();
  const kv = await stack.kernel.connection.jetstream().views.kv(RUNS_BUCKET);
  await kv.put(`${key.user}.${key.workflow}`, 'nonsense');
  await counted().projection.take(begun(1));
  assert.equal(await statusOf(key), 'running');
});

async function untilListed(is: (listed: RunSummary[]) => boolean): Promise<RunSummary[]> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = await stack.kernel.runs.list(user, { limit: 100 });
    if (is(found)) return found;
    assert.ok(Date.now() < end, JSON.stringify(found));
    await sleep(50);
  }
}

test('a planner lists runs, newest first, going on, completed and cancelled; the list can be thrown away and comes back', async (t) => {
  await stack.planner(t);
  const workflows = Array.from({ length: 12 }, (_, i) => `listed-${i}`);
  for (const workflow_id of workflows) stack.publish('requested', { goal: 'Tell me', workflow_id });
  for (const workflow of workflows) await stack.ended(workflow);
  stack.publish('requested', { goal: 'Keep silence', workflow_id: 'stopped' });
  await stack.until('stopped', ({ type }) => type === 'llm.requested');
  stack.publish('cancel_requested', { workflow_id: 'stopped' });
  await stack.ended('stopped');
  stack.publish('requested', { goal: 'Keep silence', workflow_id: 'silent' });
  await stack.until('silent', ({ type }) => type === 'llm.requested');
  const all = (found: RunSummary[]): boolean =>
    found.length === 14 && found.filter(({ status }) => status !== 'running').length === 13;
  const found = await untilListed(all);
  assert.deepEqual(
    found.slice(0, 2).map(({ workflow_id, status, goal }) => [workflow_id, status, goal]),
    [
      ['silent', 'running', 'Keep silence'],
      ['stopped', 'cancelled', 'Keep silence'],
    ],
  );
  assert.deepEqual(
    (await stack.kernel.runs.list(user, { limit: 3 })).map(({ workflow_id }) => workflow_id),
    [...found.slice(0, 3).map(({ workflow_id }) => workflow_id)],
  );
  assert.deepEqual(await stack.kernel.runs.list(UserId.parse('nobody'), { limit: 3 }), []);

  await stack.kernel.runs.rebuild();
  assert.deepEqual(await untilListed(all), found);
  await stack.planner(t);
  await stack.kernel.runs.rebuild();
  assert.deepEqual(await untilListed(all), found);
});
