// The jobs of memory over a real nats-server: what was asked for is done, once at a time for a user, whoever dies or fails on the way.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MemoryJob } from '@troupe/contracts';
import { UserId } from '@troupe/contracts';
import { findNatsServer, localDir, startNatsServer } from '@troupe/setup';
import type { Actor, Kernel } from '@troupe/shared';
import {
  createLogger,
  DOOR_STREAM,
  environment,
  openKernel,
  provision,
  RetryableError,
} from '@troupe/shared';
import type { Jobs, Work } from './jobs.ts';
import { startJobs } from './start-jobs.ts';

const opened = new AsyncDisposableStack();
let url: string;
let kernel: Kernel;
before(async () => {
  const { command: binary } = await findNatsServer({ env: environment(), localDir, report: () => undefined });
  const storeDir = await mkdtemp(join(tmpdir(), 'troupe-jobs-'));
  opened.defer(() => rm(storeDir, { recursive: true, force: true }));
  const nats = opened.use(await startNatsServer({ binary, storeDir }));
  url = nats.url;
  kernel = opened.use(await openKernel({ url, name: 'test', logger: createLogger('test', 'silent') }));
  await provision(kernel.connection, nats.monitorUrl);
});
after(() => opened.disposeAsync());

const nothing = (): Promise<void> => Promise.resolve();

let processes = 0;
const pauses = { firstMs: 20, longestMs: 100 };
function process_(work: Partial<Work>): Jobs & Actor {
  processes += 1;
  const whole = { erase: nothing, rebuild: nothing, ...work };
  return startJobs({ kernel, instance: `process-${processes}`, work: whole, pauses });
}

async function ended(jobs: Jobs, user: UserId, id: string): Promise<MemoryJob> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < 15_000) {
    const job = (await jobs.of(user)).find((one) => one.id === id);
    if (job?.state === 'done') return job;
    await sleep(20);
  }
  throw new Error(`${id} of ${user} did not end`);
}

const wholeUser = { kind: 'erase', id: 'user', scope: { kind: 'user' } } as const;
const rebuild = { kind: 'rebuild', id: 'rebuild' } as const;

test('a rebuild is stored when it is taken on, and asked for again while it is under way it is the same', async () => {
  const user = UserId.parse('ann');
  const gate = Promise.withResolvers<void>();
  const jobs = process_({ rebuild: () => gate.promise });
  const asked = await jobs.ask(user, rebuild);
  assert.deepEqual(await jobs.ask(user, rebuild), { ...asked, state: (await jobs.of(user))[0]?.state });
  gate.resolve();
  const job = await ended(jobs, user, 'rebuild');
  assert.ok(job.done_at !== undefined && job.asked_at === asked.asked_at);
  const again = await jobs.ask(user, rebuild);
  assert.notEqual(again.asked_at, asked.asked_at);
  await ended(jobs, user, 'rebuild');
  assert.equal((await jobs.of(user)).length, 1);
  await jobs.drain(1_000);
});

test('an erasure that is asked for again covers what came meanwhile: before it begins by its own bounds, afterwards by one behind it', async () => {
  const user = UserId.parse('hal');
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const ends: number[] = [];
  const jobs = process_({
    async erase(_, __, { bounds }) {
      ends.push(bounds[DOOR_STREAM] ?? 0);
      begun.resolve();
      await gate.promise;
    },
  });
  const askBehindRequest = async (): Promise<MemoryJob> => {
    await kernel.publisher.publish('agents.workflow.requested.hal', {}, '{}', 2_000);
    return jobs.ask(user, wholeUser);
  };
  const first = await askBehindRequest();
  await begun.promise;
  const second = await askBehindRequest();
  const third = await askBehindRequest();
  assert.notEqual(second.id, first.id);
  assert.equal(third.id, second.id);
  gate.resolve();
  await ended(jobs, user, first.id);
  await ended(jobs, user, second.id);
  assert.deepEqual(
    ends.map((end) => end - (ends[0] ?? 0)),
    [0, 2],
  );
  await jobs.drain(1_000);
});

test('a job that cannot end keeps none of the user’s others waiting', async () => {
  const user = UserId.parse('ida');
  let isStuck = true;
  const jobs = process_({
    erase: (_, { id }) =>
      id === 'stuck' && isStuck
        ? Promise.reject(new RetryableError('run_not_ended', 'it goes on'))
        : nothing(),
  });
  await jobs.ask(user, { ...wholeUser, id: 'stuck' });
  await jobs.ask(user, { ...wholeUser, id: 'other' });
  await jobs.ask(user, rebuild);
  await ended(jobs, user, 'other');
  await ended(jobs, user, 'rebuild');
  assert.equal((await jobs.of(user)).find(({ id }) => id === 'stuck')?.waits_for, 'it goes on');
  isStuck = false;
  await ended(jobs, user, 'stuck');
  await jobs.drain(1_000);
});

test('any number of processes do each job once, a user’s one after the other', async () => {
  const users = ['bob', 'cid', 'dan'].map((user) => UserId.parse(user));
  const atWork = new Set<string>();
  const done: string[] = [];
  const work = async (user: UserId, { id }: MemoryJob): Promise<void> => {
    assert.ok(!atWork.has(user), `two at once for ${user}`);
    atWork.add(user);
    await sleep(30);
    atWork.delete(user);
    done.push(`${user}/${id}`);
  };
  const all = Array.from({ length: 4 }, () => process_({ erase: work, rebuild: work }));
  await Promise.all(
    users.flatMap((user, n) =>
      Array.from({ length: 5 }, (_, i) => all[(n + i) % 4]!.ask(user, { ...wholeUser, id: `job-${i}` })),
    ),
  );
  for (const user of users) for (let i = 0; i < 5; i += 1) await ended(all[0]!, user, `job-${i}`);
  assert.equal(done.length, 15);
  assert.equal(new Set(done).size, 15);
  await Promise.all(all.map((jobs) => jobs.drain(1_000)));
});

test('a job that fails says what it waits for, is tried again from where it stood, and its bounds stay those of when it was asked for', async () => {
  const user = UserId.parse('eve');
  const seen: unknown[] = [];
  let attempts = 0;
  const jobs = process_({
    async erase(_, job, { progress, bounds }) {
      attempts += 1;
      seen.push([job.messages_erased, bounds]);
      await kernel.publisher.publish('agents.workflow.requested.eve', {}, '{}', 2_000);
      await progress({ ...job, messages_erased: attempts });
      if (attempts < 3) throw new RetryableError('store_away', 'the store is away');
    },
  });
  await jobs.ask(user, wholeUser);
  const waited: (string | undefined)[] = [];
  while (attempts < 3) {
    waited.push((await jobs.of(user))[0]?.waits_for);
    await sleep(5);
  }
  const job = await ended(jobs, user, 'user');
  assert.ok(waited.includes('the store is away'));
  assert.equal(job.waits_for, undefined);
  assert.equal(job.kind === 'erase' && job.messages_erased, 3);
  const bounds = (seen[0] as [number, unknown])[1];
  assert.deepEqual(seen, [
    [0, bounds],
    [1, bounds],
    [2, bounds],
  ]);
  await jobs.drain(1_000);
});

test('an erasure stops a rebuild of the same user, which then begins anew behind it', async () => {
  const user = UserId.parse('fay');
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  const jobs = process_({
    erase: () => {
      order.push('erase');
      return nothing();
    },
    async rebuild(_, __, { signal }) {
      order.push('rebuild');
      begun.resolve();
      if (order.length === 1) await sleep(10_000, undefined, { signal });
    },
  });
  await jobs.ask(user, rebuild);
  await begun.promise;
  await jobs.ask(user, wholeUser);
  await ended(jobs, user, 'rebuild');
  assert.deepEqual(order, ['rebuild', 'erase', 'rebuild']);
  await jobs.drain(1_000);
});

test('what a process leaves undone when it ends is done by another, and a job may ask for the next', async () => {
  const user = UserId.parse('gus');
  const begun = Promise.withResolvers<void>();
  const first = process_({
    async erase(_, __, { signal }) {
      begun.resolve();
      await sleep(60_000, undefined, { signal });
    },
  });
  await first.ask(user, wholeUser);
  await begun.promise;
  await first.drain(5_000);
  const second = process_({
    async erase(_, __, { ask }) {
      await ask(rebuild);
    },
  });
  await ended(second, user, 'user');
  await ended(second, user, 'rebuild');
  assert.deepEqual(
    (await second.of(user)).map(({ kind }) => kind),
    ['rebuild', 'erase'],
  );
  await second.drain(1_000);
});
