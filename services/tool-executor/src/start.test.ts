import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { EventId } from '@troupe/contracts';
import { hashOf, rpc } from '@troupe/contracts';
import { openKernel, serveRpc, TerminalError } from '@troupe/shared';
import { jobIdOf } from './job-id.ts';
import { testChromium } from './test-support/chromium.ts';
import { Run } from './test-support/run.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { until } from './test-support/until.ts';
import type { World } from './test-support/world.ts';
import { page, startWorld } from './test-support/world.ts';

const NAMES = [
  'spawn_browser_job',
  'get_browser_job',
  'cancel_browser_job',
  'notify_user',
  'search_memory',
  'remember',
];

let stack: Stack;
let world: World;
let executor: AsyncDisposable;
let settings: Record<string, string>;

before(async () => {
  stack = await startStack();
  world = await startWorld({
    '/order': page('<b id=total></b><script>setTimeout(() => { total.textContent = 6 * 7 }, 100)</script>'),
    '/buy': page('<form action=/bought method=post><button>Buy</button></form>'),
    '/bought': page('<p>Thank you</p>'),
    '/waits': page('<p>nothing here</p>'),
  });
  settings = { CHROMIUM_PATH: await testChromium(), AGENT_EGRESS_ALLOW: `127.0.0.1:${world.port}` };
  executor = await stack.start(settings);
});
after(async () => {
  await executor[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const begin = (workflow: string): Promise<Run> => Run.begin(stack.kernel, workflow);
const visitsTo = (path: string): number => world.visits.filter((visit) => visit.path === path).length;

test('The executor announces its tools, each under the hash of its definition, with JSON Schemas.', async () => {
  const { tools } = stack.kernel;
  const references = await tools.current(NAMES);
  assert.deepEqual(
    references.map(({ name }) => name),
    NAMES,
  );
  for (const reference of references) {
    const definition = await tools.definition(reference);
    assert.equal(reference.hash, hashOf(definition));
    assert.equal(definition.input_schema['type'], 'object');
  }
  const [spawn] = references;
  assert.ok(spawn !== undefined);
  const { input_schema, effect } = await tools.definition(spawn);
  assert.deepEqual([input_schema['required'], effect], [['url'], 'once']);
});

test('A browser job reads what a script computed, and names itself by its request.', async () => {
  const run = await begin('reads');
  const request = await run.callNamed('spawn_browser_job', {
    url: `${world.url}/order`,
    steps: [{ action: 'extract', selector: '#total' }, { action: 'screenshot' }],
    correlation_id: 'corr-reads',
  });
  const { screenshots, ...output } = await run.output(request);
  assert.deepEqual(output, {
    job_id: jobIdOf(request),
    title: 'A page',
    url: `${world.url}/order`,
    extracts: [{ name: '#total', text: '42' }],
  });
  const [picture] = screenshots as { ref: string; bytes: number; sha256: string }[];
  assert.match(picture?.ref ?? '', /^ann\/[0-9a-f]{64}$/);
  const store = await stack.kernel.connection.jetstream().views.os('AGENTS_BLOBS');
  const stored = await store.getBlob(picture?.ref ?? '');
  assert.equal(stored?.length, picture?.bytes);
  assert.deepEqual(await run.caused(request), ['tool.completed'], 'looking is not announced');
});

test('A browser job that clicks is announced before, and done once.', async () => {
  const run = await begin('buys');
  const request = await run.callNamed('spawn_browser_job', {
    url: `${world.url}/buy`,
    steps: [
      { action: 'click', selector: 'button' },
      { action: 'extract', selector: 'p' },
    ],
  });
  const { extracts } = await run.output(request);
  assert.deepEqual(extracts, [{ name: 'p', text: 'Thank you' }]);
  assert.deepEqual(await run.caused(request), ['tool.started', 'tool.completed']);
  assert.equal(visitsTo('/bought'), 1);
});

test('Wrong arguments and forbidden addresses are told to the model, with what to do.', async () => {
  const run = await begin('wrong');
  const wrong = await run.callNamed('spawn_browser_job', {
    url: 'file:///etc/passwd',
    steps: [{ action: 'extract' }, { action: 'jump' }],
  });
  const { error } = await run.failure(wrong);
  assert.equal(error.code, 'invalid_arguments');
  assert.match(error.message, /url: must begin with http.*steps\[0\]\.selector.*steps\[1\]\.action/);
  const inner = await run.callNamed('spawn_browser_job', { url: stack.natsUrl.replace('nats:', 'http:') });
  assert.equal((await run.failure(inner)).error.code, 'egress_refused');
});

test('A job in the background is running, then completed; its state is read from the log, by its own workflow alone.', async () => {
  const run = await begin('background');
  const job = await run.callNamed('spawn_browser_job', {
    url: `${world.url}/order`,
    steps: [{ action: 'extract', selector: '#total' }],
    wait: false,
  });
  const job_id = jobIdOf(job);
  assert.deepEqual(await run.output(job), { job_id, status: 'running' });
  const end = await run.awaits(job, 'job.completed');
  const state = await run.output(await run.callNamed('get_browser_job', { job_id }));
  assert.equal(state['status'], 'completed');
  assert.deepEqual((state['output'] as { extracts: unknown }).extracts, [{ name: '#total', text: '42' }]);
  assert.equal(end.data.job_id, job_id);
  const other = await begin('curious');
  const unknown = await other.output(await other.callNamed('get_browser_job', { job_id }));
  assert.deepEqual(unknown, { job_id, status: 'unknown' });
});

const waits = () => ({
  url: `${world.url}/waits`,
  steps: [{ action: 'extract', selector: '#never' }],
  wait: false,
});
const statusOf = async (run: Run, job: EventId) =>
  (await run.output(await run.callNamed('get_browser_job', { job_id: jobIdOf(job) })))['status'];
const cancel = async (run: Run, job: EventId) =>
  (await run.output(await run.callNamed('cancel_browser_job', { job_id: jobIdOf(job) })))['status'];

test('A running job is cancelled by its own workflow, wherever it runs, and by no other.', async () => {
  const run = await begin('cancels');
  const visits = visitsTo('/waits');
  const job = await run.callNamed('spawn_browser_job', waits());
  await run.output(job);
  await until('the job is at its page', () => visitsTo('/waits') > visits);
  assert.equal(await statusOf(run, job), 'running');
  const other = await begin('meddles');
  assert.equal(await cancel(other, job), 'unknown');
  assert.equal(await statusOf(run, job), 'running');
  assert.equal(await cancel(run, job), 'cancelling');
  assert.equal((await run.awaits(job, 'job.failed')).data.error.code, 'job_cancelled');
  assert.equal(await cancel(run, job), 'failed');
});

test('A cancellation holds for a job whose executor died: it is not begun again.', async () => {
  const run = await begin('orphan');
  await executor[Symbol.asyncDispose]();
  const job = await run.callNamed('spawn_browser_job', { ...waits(), url: `${world.url}/orphan` });
  await run.writeAsExecutor(job, 'outcome', 'tool.completed', {
    ...{ tool: 'spawn_browser_job', call_id: '', output: { text: '{}' }, job_id: jobIdOf(job) },
  });
  const request = await run.callNamed('cancel_browser_job', { job_id: jobIdOf(job) });
  await run.writeAsExecutor(request, 'outcome', 'tool.completed', {
    ...{ tool: 'cancel_browser_job', call_id: '', output: { text: '{}' } },
  });
  executor = await stack.start(settings);
  assert.equal((await run.awaits(job, 'job.failed')).data.error.code, 'job_cancelled');
  assert.equal(visitsTo('/orphan'), 0);
});

test('A draining executor leaves its jobs to the next, which does them.', async () => {
  const run = await begin('drains');
  const job = await run.callNamed('spawn_browser_job', {
    ...waits(),
    steps: [{ action: 'extract', selector: 'b' }],
  });
  await run.output(job);
  const visits = visitsTo('/waits');
  await until('the job is at its page', () => visitsTo('/waits') > visits);
  await executor[Symbol.asyncDispose]();
  assert.deepEqual(await run.caused(job), ['tool.completed']);
  executor = await stack.start({ ...settings, CHROMIUM_PATH: '/nowhere' });
  assert.equal((await run.awaits(job, 'job.failed')).data.error.code, 'browser_missing');
  await executor[Symbol.asyncDispose]();
  executor = await stack.start(settings);
});

test('What is remembered is the output of the call, for the memory service to take from the log.', async () => {
  const run = await begin('remembers');
  const request = await run.callNamed('remember', { text: ' Ann takes two eggs. ' });
  assert.deepEqual(await run.output(request), { remembered: true, text: 'Ann takes two eggs.' });
  const { error } = await run.failure(await run.callNamed('remember', { text: 'x'.repeat(2_001) }));
  assert.equal(error.code, 'invalid_arguments');
});

test('A search asks memory for the user of the log, and memory that fails is told as a failure.', async () => {
  const snippet = {
    text: 'Two eggs.',
    workflow_id: 'old',
    created_at: '2026-01-02T03:04:05.000Z',
    score: 0.9,
  };
  const asked: unknown[] = [];
  await using memory = await openKernel({ url: stack.natsUrl, name: 'memory', logger: stack.kernel.logger });
  await serveRpc(memory, rpc.searchMemory, (user, request) => {
    asked.push({ user, ...request });
    if (request.query === 'eggs') return Promise.resolve({ snippets: [snippet] } as never);
    return Promise.reject(
      new TerminalError({ code: 'memory_unavailable', message: 'Away.', hint: 'Later.' }),
    );
  });
  const run = await begin('searches');
  assert.deepEqual(await run.output(await run.callNamed('search_memory', { query: 'eggs' })), {
    snippets: [snippet],
  });
  const failed = await run.failure(await run.callNamed('search_memory', { query: 'milk', k: 2 }));
  assert.deepEqual([failed.error.code, failed.retryable], ['memory_unavailable', true]);
  assert.deepEqual(asked, [
    { user: 'ann', query: 'eggs', k: 4 },
    { user: 'ann', query: 'milk', k: 2 },
  ]);
});
