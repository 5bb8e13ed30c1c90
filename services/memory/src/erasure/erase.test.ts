// What an erasure leaves behind, wherever it is interrupted: real nats-server, real Chroma, and their files.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { ErasureJob, WorkflowKey } from '@troupe/contracts';
import {
  archiveSubject,
  doorSubject,
  logSubject,
  RUNS_BUCKET,
  runSummaryKey,
  Skeleton,
  UserId,
  WorkflowId,
  workflowFilter,
} from '@troupe/contracts';
import { ARCHIVE_STREAM, BLOBS_BUCKET, DirectReader, LOG_STREAM, subjectsOf } from '@troupe/shared';
import type { ErasureStage } from '../test-support/erasure-stage.ts';
import { openErasureStage } from '../test-support/erasure-stage.ts';
import type { PlantOptions } from '../test-support/planted-run.ts';
import { plantRun } from '../test-support/planted-run.ts';
import { findUnnamedChunks } from './objects.ts';
import { openStreams } from './streams.ts';

let stage: ErasureStage;
before(async () => {
  stage = await openErasureStage();
});
after(() => stage[Symbol.asyncDispose]());

/** Three bytes in hex are four characters of base64 wherever they stand; so it is found in letters, too. */
const newCanary = (): string => `canary${randomBytes(12).toString('hex')}`;

async function ended(
  options: Omit<PlantOptions, 'canary'>,
): Promise<WorkflowKey & { readonly canary: string }> {
  const run = await plantRun(stage, { ...options, canary: newCanary() });
  await run.complete();
  return run;
}

/** In clear, and as a dead letter holds it. */
async function isOnDisk(canary: string): Promise<string[]> {
  const bytes = Buffer.from(canary);
  const encoded = [0, 1, 2].map((shift) => bytes.subarray(shift, shift + 24).toString('base64'));
  return (await Promise.all([canary, ...encoded].map((text) => stage.filesWith(text)))).flat();
}

const skeletons = async (key: WorkflowKey): Promise<Skeleton[]> =>
  (await new DirectReader(stage.kernel.connection, ARCHIVE_STREAM).allAt(archiveSubject(key))).map(
    ({ body }) => Skeleton.parse(JSON.parse(Buffer.from(body).toString())),
  );

test('of a user who is forgotten nothing is on the disk but the skeletons of his runs, and the others lose nothing', async () => {
  const [one, two] = [
    await ended({ user: 'ann', workflow: 'wf_1' }),
    await ended({ user: 'ann', workflow: 'wf_2' }),
  ];
  const other = await ended({ user: 'bob', workflow: 'wf_1' });
  const before = await stage.kernel.log.read.whole(other);
  const seal = await stage.keyring.need(one.user);
  for (const { canary } of [one, two, other]) assert.ok((await isOnDisk(canary)).length >= 5, canary);

  const job = await stage.erase('ann', { kind: 'user' });

  assert.deepEqual(job.workflows, { erased: 2, total: 2 });
  assert.ok(job.messages_erased > 20);
  for (const { canary } of [one, two]) assert.deepEqual(await isOnDisk(canary), []);
  assert.deepEqual(await subjectsOf(stage.kernel.connection, LOG_STREAM, 'agents.*.*.*.ann.*'), []);
  const [skeleton, ...more] = await skeletons(one);
  assert.equal(more.length, 0);
  assert.deepEqual(
    skeleton?.events.map(({ type, sequence }) => [sequence, type]),
    [
      [1, 'workflow.requested'],
      [2, 'tool.completed'],
      [3, 'workflow.completed'],
    ],
  );
  assert.equal(await stage.keyring.find(one.user), undefined);
  assert.notEqual((await stage.keyring.need(one.user)).workflow(one.workflow), seal.workflow(one.workflow));
  assert.deepEqual(await stage.kernel.log.read.whole(other), before);
  assert.ok((await isOnDisk(other.canary)).length >= 5);
  assert.equal(await stage.store.count(other.user), 1);
  const large = before.find((event) => event.type === 'tool.completed');
  assert.ok(large?.type === 'tool.completed' && 'ref' in large.data.output);
  assert.match(await stage.kernel.blobs.load(large.data.output), new RegExp(other.canary));
});

test('an erasure that is interrupted after any of its steps, and begun again, ends as one that was not', async () => {
  const steps = async (user: string, limit: number): Promise<number> => {
    let step = 0;
    await stage.erase(
      user,
      { kind: 'user' },
      {
        bounds,
        progress: () => {
          step += 1;
          return step > limit ? Promise.reject(new Error('interrupted')) : Promise.resolve();
        },
      },
    );
    return step;
  };
  const runs = await Promise.all(
    ['cid', 'dan'].flatMap((user) =>
      ['wf_1', 'wf_2'].map((workflow) => ended({ user, workflow, large: `${user} ${'y'.repeat(300_000)}` })),
    ),
  );
  const bounds = await stage.bounds();
  const uninterrupted = await steps('cid', Number.POSITIVE_INFINITY);
  let interruptions = 0;
  for (let limit = 0; ; limit += 1) {
    // The first step is the same in every attempt; behind it each one goes a step further than the last.
    const ends = await steps('dan', Math.min(limit, 2)).then(
      () => true,
      () => false,
    );
    if (ends) break;
    interruptions += 1;
    assert.ok(interruptions < 100);
  }
  assert.ok(interruptions >= uninterrupted / 3, `${interruptions} of ${uninterrupted}`);
  for (const run of runs) {
    assert.deepEqual(await isOnDisk(run.canary), []);
    const [skeleton, ...more] = await skeletons(run);
    assert.equal(more.length, 0);
    assert.equal(skeleton?.events.length, 3);
  }
  assert.equal(await stage.keyring.find(UserId.parse('dan')), undefined);
});

test('of a run that is forgotten everything goes, and the user’s other runs keep what they share with it', async () => {
  const shared = `shared ${'z'.repeat(300_000)}`;
  const gone = await ended({ user: 'eve', workflow: 'wf_gone', large: shared, named: false });
  const kept = await ended({ user: 'eve', workflow: 'wf_kept', large: shared });
  const own = await ended({ user: 'eve', workflow: 'wf_own' });
  await stage.erase('eve', { kind: 'workflow', workflow_id: gone.workflow });
  await stage.erase('eve', { kind: 'workflow', workflow_id: own.workflow });
  for (const { canary } of [gone, own]) assert.deepEqual(await isOnDisk(canary), []);
  const large = (await stage.kernel.log.read.whole(kept)).find((event) => event.type === 'tool.completed');
  assert.ok(large?.type === 'tool.completed');
  assert.equal(await stage.kernel.blobs.load(large.data.output), shared);
  const { records } = await stage.store.list(kept.user, { limit: 10 });
  assert.deepEqual(
    records.map(({ text }) => text),
    [kept.canary],
  );
  assert.notEqual(await stage.keyring.find(kept.user), undefined);
});

test('a run that goes on is asked to stop, and nothing of it is erased before it has', async () => {
  const run = await plantRun(stage, { user: 'fay', workflow: 'wf_1', canary: newCanary() });
  const bounds = await stage.bounds();
  const said: (string | undefined)[] = [];
  const progress = async (job: { waits_for?: string | undefined }): Promise<void> => {
    await Promise.resolve(said.push(job.waits_for));
  };
  await assert.rejects(stage.erase('fay', { kind: 'user' }, { bounds, progress }), { code: 'run_not_ended' });
  assert.deepEqual(said.at(-1), 'the end of the workflow wf_1');
  assert.equal((await stage.kernel.log.read.whole(run)).length, 2);

  const cancelled = stage.kernel.connection.subscribe('agents.workflow.cancel_requested.fay', {
    callback: () => void run.complete(),
  });
  // The end of the run stands behind the bounds, and is erased with it; so is the request to stop.
  await stage.erase('fay', { kind: 'user' }, { bounds });
  cancelled.unsubscribe();
  assert.deepEqual(await isOnDisk(run.canary), []);
  assert.deepEqual(await stage.filesWith('forgotten by its user'), []);
});

test('a run that cannot be ended yet keeps no other run of its user from being erased, and loses nothing itself', async () => {
  const done = await ended({ user: 'jon', workflow: 'wf_done' });
  const live = await plantRun(stage, { user: 'jon', workflow: 'wf_live', canary: newCanary() });
  const before = await isOnDisk(live.canary);
  await assert.rejects(stage.erase('jon', { kind: 'user' }), { code: 'run_not_ended' });
  assert.deepEqual(await isOnDisk(done.canary), []);
  assert.deepEqual(await isOnDisk(live.canary), before);
  assert.equal((await stage.kernel.log.read.whole(live)).length, 2);
});

test('a run whose log breaks its contract, so that nobody ever ends it, is erased', async () => {
  const run = await plantRun(stage, { user: 'kim', workflow: 'wf_1', canary: newCanary() });
  const { kind } = await stage.kernel.publisher.publish(logSubject('llm.failed', run), {}, 'no event', 5_000);
  assert.equal(kind, 'stored');
  await stage.erase('kim', { kind: 'user' });
  assert.deepEqual(await isOnDisk(run.canary), []);
  assert.deepEqual(
    (await skeletons(run)).map(({ events }) => events.length),
    [3],
  );
});

test('what is written of a user behind the look at its place is erased as well', async () => {
  const run = await ended({ user: 'lea', workflow: 'wf_1' });
  const late = newCanary();
  let written = 0;
  const progress = async ({ workflows }: ErasureJob): Promise<void> => {
    if (workflows.erased === 0 || written > 0) return;
    written += 1;
    const entry = `$KV.${RUNS_BUCKET}.${runSummaryKey(run)}`;
    assert.equal((await stage.kernel.publisher.publish(entry, {}, late, 5_000)).kind, 'stored');
  };
  await stage.erase('lea', { kind: 'user' }, { progress });
  assert.equal(written, 1);
  for (const canary of [run.canary, late]) assert.deepEqual(await isOnDisk(canary), []);
});

test('a dead letter is erased although what names its user was cut from it', async () => {
  const canary = newCanary();
  const body = Buffer.from(JSON.stringify({ goal: `${canary} ${'x'.repeat(300_000)}`, user_id: 'mia' }));
  const subject = doorSubject('workflow.requested');
  const failure = { code: 'refused', message: 'It was refused.', hint: 'None.' };
  await stage.kernel.deadLetters.put('test', { subject, seq: 1, body, attempt: 1 }, failure);
  assert.ok((await isOnDisk(canary)).length > 0);
  await stage.erase('mia', { kind: 'user' });
  assert.deepEqual(await isOnDisk(canary), []);
});

test('chunks of an object that has no name are found once nobody can be writing it any more', async () => {
  await ended({ user: 'noa', workflow: 'wf_1' });
  const chunk = await stage.kernel.publisher.publish(`$O.${BLOBS_BUCKET}.C.UNNAMED`, {}, 'x', 5_000);
  assert.ok(chunk.kind === 'stored');
  const streams = openStreams(stage.kernel);
  assert.deepEqual((await findUnnamedChunks(streams, Date.now())).seqs, []);
  assert.deepEqual((await findUnnamedChunks(streams, Date.now() + 660_000)).seqs, [chunk.seq]);
});

test('what the user asks for while he is being erased is a new life, and stays', async () => {
  const old = await ended({ user: 'gus', workflow: 'wf_old' });
  const bounds = await stage.bounds();
  const fresh = await ended({ user: 'gus', workflow: 'wf_new' });
  await stage.erase('gus', { kind: 'user' }, { bounds });
  assert.deepEqual(await isOnDisk(old.canary), []);
  assert.ok((await isOnDisk(fresh.canary)).length >= 5);
  assert.equal((await stage.kernel.log.read.whole(fresh)).length, 3);
  assert.deepEqual(stage.asked.at(-1), { kind: 'rebuild', id: 'rebuild' });
});

test('a run that is asked for again under an erased id leaves a skeleton of its own', async () => {
  const key = { user: 'hal', workflow: 'wf_1' };
  const scope = { kind: 'workflow', workflow_id: WorkflowId.parse('wf_1') } as const;
  const first = await ended(key);
  await stage.erase('hal', scope);
  const second = await ended(key);
  await stage.erase('hal', scope);
  for (const { canary } of [first, second]) assert.deepEqual(await isOnDisk(canary), []);
  assert.deepEqual(
    (await skeletons(first)).map(({ events }) => events.length),
    [3, 3],
  );
  const log = new DirectReader(stage.kernel.connection, LOG_STREAM);
  assert.equal(await log.last(workflowFilter(first)), undefined);
});

test('a record that is forgotten is marked for good, and the run that left it stays', async () => {
  const run = await ended({ user: 'ida', workflow: 'wf_1' });
  const { records } = await stage.store.list(run.user, { limit: 10 });
  const [record] = records;
  assert.ok(record !== undefined);
  for (let times = 0; times < 2; times += 1)
    await stage.erase('ida', { kind: 'record', record_id: record.id });
  assert.deepEqual(await stage.forgotten.of(run.user), new Set([record.id]));
  assert.equal(await stage.store.count(run.user), 0);
  assert.equal((await stage.kernel.log.read.whole(run)).length, 3);
  await stage.erase('ida', { kind: 'user' });
  assert.deepEqual(await stage.forgotten.of(run.user), new Set());
});
