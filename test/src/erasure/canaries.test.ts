// The promise of erasure on the whole stack: twenty users, a text of its own in every place that one of them leaves something in, and a
// look into every file and every line when two of them are forgotten, one of them with the memory service killed on the way.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { createSecretKey, randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ErasureJob } from '@troupe/contracts';
import { isTerminal, parseLogSubject, rpc, UserId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import {
  callRpc,
  createLogger,
  DEAD_STREAM,
  LOG_STREAM,
  MEMORY_JOBS_BUCKET,
  openKernel,
  RetryableError,
  subjectsOf,
} from '@troupe/shared';
import type { Stack } from '../../../services/cli/src/stack.ts';
import { startStack } from '../../../services/cli/src/stack.ts';
import { startWorld } from '../e2e/world.ts';
import type { ReplayReport } from '../replay/check-replay.ts';
import { until } from '../support/until.ts';
import { filesIn, keysOf, likeKeysIn, placesOf } from './remains.ts';

const USERS = Array.from({ length: 20 }, (_, i) => UserId.parse(`user-${i}`));
const [FORGOTTEN, INTERRUPTED, ...OTHERS] = USERS as [UserId, UserId, ...UserId[]];
const KILLS = 2;
const REPLAY = fileURLToPath(new URL('../replay/main.ts', import.meta.url));

const newCanary = (): string => `canary${randomBytes(15).toString('hex')}`;

/** One for every place. */
const PLACES = [
  'goal',
  'preferences',
  'history',
  'remembered',
  'large',
  'conflicting',
  'refused',
  'bare',
  'live',
] as const;
type Canaries = Readonly<Record<(typeof PLACES)[number] | 'page', string>>;

const canariesFor = (page: string): Canaries =>
  Object.fromEntries([['page', page], ...PLACES.map((place) => [place, newCanary()])]) as Canaries;

test('a user who is forgotten is nowhere in clear and nowhere to be decrypted, also with memory killed on the way, and nobody else loses anything', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-canaries-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const folders = [join(folder, 'nats'), join(folder, 'chroma')] as const;
  const key = randomBytes(32);
  const master = createSecretKey(key);
  const lines: string[] = [];
  let before: Remains | undefined;
  const page = newCanary();
  const left = new Map([
    [FORGOTTEN, canariesFor(page)],
    [INTERRUPTED, canariesFor(page)],
  ]);
  const kept = new Map(OTHERS.map((user) => [user, newCanary()]));
  {
    await using world = await startWorld({ html: `<!doctype html><p id="value">${page}</p>` });
    await using stack = await startStack({
      ...{ componentEnv: process.env, simulated: true, keepRunning: false, report: () => undefined },
      storeDir: folders[0],
      chroma: { dataDir: folders[1] },
      onLine: (service, line) => lines.push(`${service} ${line}`),
      env: {
        memory: { AGENT_MEMORY_KEY: key.toString('hex'), AGENT_MEMORY_TIMEOUT_SECONDS: '10' },
        'tool-executor': { AGENT_EGRESS_ALLOW: world.host },
      },
    });
    await using kernel = await openKernel({
      url: stack.nats.url,
      name: 'test',
      logger: createLogger('test', 'silent'),
    });
    for (const [user, canary] of kept) await ask(kernel, user, { goal: `Please remember that ${canary}` });
    for (const { live } of left.values()) await neverAnswered(stack, live);
    for (const [user, canaries] of left) await plant(kernel, user, { canaries, worldUrl: world.url });
    await until('what was asked for has ended', () => hasEnded(kernel, OTHERS.length + 2 * 3), 60_000);
    await until('what was refused is dead letters', async () => (await lettersIn(kernel)) === 2 * 2);
    for (const [user, { remembered }] of left) await recalled(kernel, user, remembered);

    before = await remainsIn(folders, master);
    for (const [user, canaries] of left) assertThere(before, user, Object.values(canaries));

    const whole = await forget(kernel, FORGOTTEN);
    const interrupted = await forget(kernel, INTERRUPTED, () => killMemory(stack, kernel));
    for (const job of [whole, interrupted]) assert.equal(job.workflows.erased, job.workflows.total);
    for (const user of left.keys()) {
      assert.deepEqual(await subjectsOf(kernel.connection, LOG_STREAM, `agents.*.*.*.${user}.*`), []);
      const request = { query: 'canary', k: 10 };
      assert.deepEqual(await call(kernel, rpc.searchMemory, user, request), { snippets: [] });
    }
    assert.equal(await lettersIn(kernel), 0);
    for (const [user, canary] of kept) await recalled(kernel, user, canary);
    // Life goes on, also for who was forgotten.
    for (const user of [FORGOTTEN, OTHERS[0]!])
      await ask(kernel, user, { workflow_id: 'anew', goal: 'Say hello.' });
    await until('the new runs have ended', () => hasEnded(kernel, OTHERS.length + 2));
    const replayed = await replay(stack.nats.url);
    assert.deepEqual(replayed.violations, []);
    assert.equal(replayed.runs, OTHERS.length + 2);
    assert.equal(replayed.ended, OTHERS.length + 2);
  }

  const after = await remainsIn(folders, master);
  after.files.set('the lines of the services', Buffer.from(lines.join('\n')));
  for (const [user, canaries] of left) assertGone({ before, after }, user, canaries);
  // What was looked for can be found.
  for (const [user, canary] of kept) assertThere(after, user, [canary]);
});

interface Remains {
  readonly files: Map<string, Buffer>;
  /** The user's data keys, as they are wrapped. */
  readonly keysOf: (user: UserId) => string[];
}

async function remainsIn(folders: readonly string[], master: KeyObject): Promise<Remains> {
  const files = await filesIn(folders);
  const likeKeys = likeKeysIn(files);
  return { files, keysOf: (user) => keysOf(user, master, likeKeys) };
}

function assertThere({ files, keysOf: keys }: Remains, user: UserId, canaries: readonly string[]): void {
  assert.ok(keys(user).length > 0, `the key of ${user}`);
  for (const canary of canaries) assert.ok(placesOf(canary, files).length > 0, `a text of ${user}`);
}

function assertGone(
  { before, after }: { readonly before: Remains; readonly after: Remains },
  user: UserId,
  canaries: Canaries,
): void {
  for (const [where, canary] of Object.entries(canaries))
    assert.deepEqual(placesOf(canary, after.files), [], `${where} of ${user}`);
  // Who asks again has a key again, and another one.
  const were = new Set(before.keysOf(user));
  const left = after.keysOf(user).filter((wrapped) => were.has(wrapped));
  assert.deepEqual(left, [], `the key of ${user}`);
}

async function ask(kernel: Kernel, user: UserId | undefined, body: object): Promise<void> {
  const subject = `agents.workflow.requested${user === undefined ? '' : `.${user}`}`;
  const outcome = await kernel.publisher.publish(subject, {}, JSON.stringify(body), 5_000);
  assert.equal(outcome.kind, 'stored');
}

/** The model hangs over what is about this text. */
async function neverAnswered({ simulatorUrl = '' }: Stack, text: string): Promise<void> {
  const rule = { match: { contains: text }, times: null, then: { kind: 'hang' } };
  const response = await fetch(new URL('/simulator/script', simulatorUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([rule]),
  });
  assert.ok(response.ok, `the simulator answered ${response.status}`);
}

/** The user's texts, each in its place. One of his runs does not end by itself. */
async function plant(
  kernel: Kernel,
  user: UserId,
  { canaries, worldUrl }: { readonly canaries: Canaries; readonly worldUrl: string },
): Promise<void> {
  const first = { workflow_id: 'first', preferences: { note: canaries.preferences } };
  const history = [{ role: 'user', content: canaries.history }];
  const goal = `Open ${worldUrl}/ and tell me the value in \`#value\`: ${canaries.goal}`;
  await ask(kernel, user, { ...first, goal, history });
  await ask(kernel, user, { goal: `Please remember that ${canaries.remembered}` });
  await ask(kernel, undefined, { goal: `Say hello to ${canaries.bare}`, user_id: user });
  await ask(kernel, user, { workflow_id: 'live', goal: canaries.live });
  await kernel.blobs.store(user, Buffer.from(`${canaries.large} ${'x'.repeat(300_000)}`));
  // Neither becomes a run: each ends as a dead letter.
  await ask(kernel, user, { workflow_id: 'first', goal: canaries.conflicting });
  await ask(kernel, user, { goal: 7, note: canaries.refused });
}

async function lettersIn({ connection }: Kernel): Promise<number> {
  const { streams } = await connection.jetstreamManager();
  return (await streams.info(DEAD_STREAM)).state.messages;
}

/** Whether as many runs of everybody have ended. */
async function hasEnded({ connection }: Kernel, runs: number): Promise<boolean> {
  const subjects = await subjectsOf(connection, LOG_STREAM, 'agents.workflow.*.*.*.*');
  return subjects.filter((subject) => isTerminal(parseLogSubject(subject)?.type ?? '')).length === runs;
}

const call = <Definition extends (typeof rpc)['searchMemory' | 'forgetMemory' | 'memoryStatus']>(
  kernel: Kernel,
  definition: Definition,
  user: UserId,
  request: Parameters<typeof callRpc<Definition>>[2]['request'],
) => callRpc(kernel.connection, definition, { user, request, timeoutMs: 15_000 });

const recalled = (kernel: Kernel, user: UserId, canary: string): Promise<true> =>
  until(
    `${user} is told what he left`,
    async () => {
      const request = { query: `remember ${canary}`, k: 10 };
      const { snippets } = await call(kernel, rpc.searchMemory, user, request);
      return snippets.some(({ text }) => text.includes(canary)) || undefined;
    },
    30_000,
  );

/** Asks for the erasure, lets `meanwhile` happen, and waits for the end. */
async function forget(
  kernel: Kernel,
  user: UserId,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<ErasureJob> {
  const during = meanwhile();
  const asked = await call(kernel, rpc.forgetMemory, user, { scope: { kind: 'user' } });
  await during;
  return until(
    `${user} is forgotten`,
    async () => {
      // While a collection is being dropped its records cannot be counted.
      const status = await call(kernel, rpc.memoryStatus, user, {}).catch(unlessRetryable);
      return status?.jobs
        .filter((job) => job.kind === 'erase')
        .find(({ id, state }) => id === asked.id && state === 'done');
    },
    90_000,
  );
}

function unlessRetryable(error: unknown): undefined {
  if (!(error instanceof RetryableError)) throw error;
}

/** Behind one of the first steps of the work, of more than twenty, again and again; each time another process goes on. */
async function killMemory(stack: Stack, kernel: Kernel): Promise<void> {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const steps = kernel.connection.subscribe(`$KV.${MEMORY_JOBS_BUCKET}.open.${INTERRUPTED}.*`, {
      max: randomInt(1, 7),
      timeout: 20_000,
    });
    for await (const step of steps) assert.ok(step.subject.includes(INTERRUPTED));
    const [memory] = stack.processes('memory');
    memory?.kill('SIGKILL');
    await memory?.exited;
    assert.ok(await isOpen(kernel), `kill ${kill} came too late to interrupt anything`);
    await stack.add('memory');
  }
}

const isOpen = async ({ connection }: Kernel): Promise<boolean> => {
  const filter = `$KV.${MEMORY_JOBS_BUCKET}.open.${INTERRUPTED}.*`;
  return (await subjectsOf(connection, `KV_${MEMORY_JOBS_BUCKET}`, filter)).length > 0;
};

async function replay(natsUrl: string): Promise<ReplayReport> {
  const options = { maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(process.execPath, [REPLAY, natsUrl], options).catch(
    (error: unknown) => error as { stdout: string },
  );
  return JSON.parse(stdout) as ReplayReport;
}
