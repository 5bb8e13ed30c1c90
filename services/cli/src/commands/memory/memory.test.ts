// `troupe memory` as processes on a real nats-server, with a stand-in for the memory service: what they ask, print where, and end with.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { ErasureJob, MemoryItem } from '@troupe/contracts';
import { UserId, WorkflowId } from '@troupe/contracts';
import type { StandIn } from '../../test-support/memory-stand-in.ts';
import { standIn } from '../../test-support/memory-stand-in.ts';
import type { Ended, Stage } from '../../test-support/troupe.ts';
import { openStage } from '../../test-support/troupe.ts';

const alice = UserId.parse('alice');
const bob = UserId.parse('bob');
let stage: Stage;
let memory: StandIn;
let withoutService: Ended;

before(async () => {
  stage = await openStage('memory');
  withoutService = await stage.troupe(['memory', 'list']);
  memory = await standIn(stage.kernel);
});
after(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  memory.records.clear();
  memory.jobs.clear();
  memory.forgotten.length = 0;
  Object.assign(memory, { rebuilding: false, unreadable: 0, failures: 0, steps: 2 });
});

const record = (i: number, text: string, workflow = 'w1'): MemoryItem => ({
  id: `record-${i}`,
  text,
  workflow_id: WorkflowId.parse(workflow),
  created_at: '2026-01-02T03:04:05.000Z',
  label: i % 2 === 0 ? 'outcome' : 'remembered',
});
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const itemsIn = (text: string): MemoryItem[] => linesOf(text).map((line) => JSON.parse(line) as MemoryItem);

test('search prints what is near with score, source and age, of the user and the run alone, and nothing that steers a terminal', async () => {
  memory.records.set(alice, [
    record(0, 'blue is\nthe sea\u001b[31m'),
    record(1, 'blue is the sky', 'w2'),
    record(3, 'red'),
  ]);
  memory.records.set(bob, [record(5, 'blue is a secret of bob')]);
  const found = await stage.troupe(['memory', 'search', 'blue', '--user', 'alice']);
  assert.deepEqual(found, {
    code: 0,
    stdout:
      '0.50  left by w1, 3 days old\n      blue is\n      the sea[31m\n0.50  remembered by w2, 3 days old\n      blue is the sky\n',
    stderr: '',
  });
  const one = await stage.troupe([
    ...['memory', 'search', 'blue', '--user', 'alice', '--workflow', 'w2'],
    ...['--k', '1', '--json'],
  ]);
  assert.deepEqual(itemsIn(one.stdout), [
    {
      text: 'blue is the sky',
      workflow_id: 'w2',
      created_at: '2026-01-02T03:04:05.000Z',
      score: 0.5,
      age_days: 3,
      label: 'remembered',
    },
  ]);
});

test('where memory is being rebuilt or cannot be opened, that is said on stderr beside what was found', async () => {
  memory.records.set(alice, [record(0, 'blue')]);
  Object.assign(memory, { rebuilding: true, unreadable: 2 });
  for (const command of [['search', 'blue'], ['list']]) {
    const { code, stdout, stderr } = await stage.troupe(['memory', ...command, '--user', 'alice']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /blue/);
    assert.match(stderr, /! 2 more could not be opened.*\n! Memory is being rebuilt from the log/);
  }
});

test('nothing that is near is no error', async () => {
  const { code, stdout, stderr } = await stage.troupe(['memory', 'search', 'blue', '--user', 'alice']);
  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /– alice has no memory that is near enough/);
});

test('list shows as many records as asked for, however many pages that takes, each on one line, and says that there are more', async () => {
  const many = Array.from({ length: 250 }, (_, i) => record(i, `line one of ${i}\nline two`));
  memory.records.set(alice, many);
  const some = await stage.troupe(['memory', 'list', '--user', 'alice', '--limit', '240']);
  assert.equal(linesOf(some.stdout).length, 240);
  assert.match(
    some.stdout,
    /^record-239 {2}2026-01-02T03:04:05\.000Z {2}w1 +remembered {2}line one of 239 line two$/m,
  );
  assert.match(some.stderr, /^– There are more\.$/m);
  const all = await stage.troupe(['memory', 'list', '--user', 'alice', '--limit', '1000', '--json']);
  assert.deepEqual([itemsIn(all.stdout), all.stderr], [many, '']);
  const none = await stage.troupe(['memory', 'list', '--user', 'alice', '--workflow', 'w9']);
  assert.match(none.stderr, /– Memory holds nothing of w9 of alice\./);
});

test('export prints every record as JSON, or into a new file that only its owner reads', async () => {
  const many = Array.from({ length: 250 }, (_, i) => record(i, `text ${i}`));
  memory.records.set(alice, many);
  const folder = await mkdtemp(join(tmpdir(), 'troupe-export-'));
  try {
    const printed = await stage.troupe(['memory', 'export', '--user', 'alice']);
    assert.deepEqual(itemsIn(printed.stdout), many);
    const file = join(folder, 'alice.jsonl');
    const words = ['memory', 'export', '--user', 'alice', '--file', file];
    const written = await stage.troupe(words);
    assert.deepEqual([written.code, written.stdout], [0, ''], written.stderr);
    assert.match(written.stderr, /✔ 250 records of alice in /);
    assert.deepEqual(itemsIn(await readFile(file, 'utf8')), many);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const again = await stage.troupe(words);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /--file: .*alice\.jsonl exists\./);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('forget without a terminal needs --yes, says what would be lost, and asks nobody to forget anything', async () => {
  const { code, stdout, stderr } = await stage.troupe([
    'memory',
    'forget',
    '--user',
    'alice',
    '--everything',
  ]);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /Every run of alice that goes on will be cancelled/);
  assert.match(stderr, /there is no terminal\.\n {2}Say --yes/);
  assert.deepEqual(memory.forgotten, []);
});

test('forget follows the erasure to its end, also while memory does not answer, and says what Chroma keeps', async () => {
  memory.failures = 2;
  const { code, stdout, stderr } = await stage.troupe([
    ...['memory', 'forget', '--user', 'alice', '--everything', '--yes'],
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout,
    '✔ Everything of alice is forgotten: 3 of 3 runs erased, 120 stored messages overwritten.\n',
  );
  const said = linesOf(stderr);
  assert.equal(said[0], '  waits for its turn …');
  assert.equal(said[1], '! Chroma did not answer. Waiting for it.');
  assert.equal(said[2], '  1 of 3 runs erased, 40 stored messages overwritten');
  assert.match(said[3] ?? '', /stay in Chroma's files until .*`troupe memory vacuum`/);
  assert.deepEqual(memory.forgotten, [{ user: 'alice', scope: { kind: 'user' } }]);
});

test('forget asks for what was named, for that user alone, and with --json the result is the job', async () => {
  for (const [words, scope] of [
    [['--record', 'record-1'], { kind: 'record', record_id: 'record-1' }],
    [['--workflow', 'w1'], { kind: 'workflow', workflow_id: 'w1' }],
  ] as const) {
    memory.forgotten.length = 0;
    const ended = await stage.troupe(['memory', 'forget', '--user', 'bob', ...words, '--yes', '--json']);
    const job = JSON.parse(ended.stdout) as ErasureJob;
    assert.deepEqual([ended.code, job.state, job.scope], [0, 'done', scope]);
    assert.match(ended.stderr, /stay in Chroma's files until .*`troupe memory vacuum`/);
    // Before that a vacuum would clear nothing.
    assert.match(ended.stderr, /what remains moves to a new collection: 10 of 20 events\n! The vectors/);
    assert.deepEqual(memory.forgotten, [{ user: 'bob', scope }]);
  }
});

test('Ctrl-C leaves an erasure and a rebuild running, says so, and ends with 130', async () => {
  memory.steps = Infinity;
  for (const [words, says] of [
    [['forget', '--everything', '--yes'], /Interrupted\. The erasure goes on/],
    [['rebuild'], /Interrupted\. The rebuild goes on; `troupe memory rebuild --user local`/],
  ] as const) {
    const { child, ended } = stage.start(['memory', ...words]);
    await new Promise((resolve) => child.stderr?.once('data', resolve));
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    assert.deepEqual([code, stdout], [130, '']);
    assert.match(stderr, says);
  }
});

test('a job that memory does not know any more is not said to be done', async () => {
  memory.steps = Infinity;
  const { child, ended } = stage.start(['memory', 'rebuild']);
  await new Promise((resolve) => child.stderr?.once('data', resolve));
  memory.jobs.clear();
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /does not know rebuild any more.*\n.*\(memory_job_lost\)/);
});

test('rebuild tells its progress and ends when it is done', async () => {
  const { code, stdout, stderr } = await stage.troupe(['memory', 'rebuild', '--user', 'alice']);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '✔ The memory of alice is rebuilt from 20 events.\n');
  assert.deepEqual(linesOf(stderr), ['  0 of 20 events', '  10 of 20 events']);
});

test('without a memory service it is said that none is running', () => {
  assert.deepEqual([withoutService.code, withoutService.stdout], [1, '']);
  assert.match(withoutService.stderr, /✖ No memory is running\.\n.*\(service_away\)/);
});
