// What is at rest, and what becomes of it when keys change: real processes of the service on a real nats-server and a real Chroma, whose
// files are read as a thief would.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startNode } from '@troupe/setup';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { WrittenRun } from './test-support/written-run.ts';

const [USER, WORKFLOW, SECRET] = ['canary-user-77', 'wf-canary-78', 'canarysecret79'];
const [KEY, NEXT_KEY, WRONG_KEY] = [0, 1, 2].map(() => randomBytes(32).toString('base64'));
const HIDDEN = [USER, WORKFLOW, SECRET, KEY, NEXT_KEY, WRONG_KEY].map(String);

let stack: Stack;
let folder: string;
/** Everything that any process of this file wrote. */
const lines: string[] = [];
before(async () => {
  [stack, folder] = await Promise.all([startStack(), mkdtemp(join(tmpdir(), 'troupe-sealed-'))]);
  await stack.chroma.start();
});
after(async () => {
  await stack[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const start = (env: Record<string, string | undefined>) =>
  startNode({
    name: 'memory',
    entry: fileURLToPath(new URL('main.ts', import.meta.url)),
    cwd: folder,
    env: {
      ...{ APP_ENV: 'test', LOG_LEVEL: 'trace', AGENT_MEMORY_TIMEOUT_SECONDS: '0.5' },
      ...{ PATH: '', NATS_URL: stack.natsUrl, CHROMA_URL: stack.chroma.url },
      ...env,
    },
    onLine: (line) => lines.push(line),
  });
const begin = (user: string, workflow: string) =>
  WrittenRun.begin(stack.kernel, user, workflow, 'Do something');
const textsOf = ({ type, data }: Awaited<ReturnType<WrittenRun['recall']>>): string[] => {
  assert.ok(type === 'memory.completed', JSON.stringify(data));
  return data.snippets.map(({ text }) => text);
};

test('the files of Chroma hold neither a text, nor whose it is, nor which run left it', async () => {
  await using service = start({ AGENT_MEMORY_KEY: KEY });
  await service.ready;
  const run = await begin(USER, WORKFLOW);
  await run.remember(`The word is ${SECRET}`);
  await run.complete(`It was ${SECRET}.`);
  await stack.projected();
  assert.equal(textsOf(await (await begin(USER, 'wf-next')).recall(`It was ${SECRET}`)).length, 2);

  const files = await readdir(stack.chroma.dataDir, { recursive: true, withFileTypes: true });
  const contents = await Promise.all(
    files.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name), 'latin1')),
  );
  const everything = contents.join('\n');
  assert.match(everything, /memory_[0-9a-f]{32}/);
  assert.match(everything, /sealed/);
  for (const hidden of HIDDEN) assert.ok(!everything.includes(hidden), hidden);
  assert.ok(!everything.includes(Buffer.from(SECRET).toString('base64').slice(0, -4)));
});

test('under a wrong master key a run goes on and is told why, what is new waits, and nothing is lost or overwritten', async () => {
  await using wrong = start({ AGENT_MEMORY_KEY: WRONG_KEY });
  await wrong.ready;
  assert.match(wrong.tail(), /"level":"error".*the data keys cannot be opened/);
  const run = await begin(USER, 'wf-wrong');
  const asked = await run.recall(`The word ${SECRET}`);
  assert.ok(asked.type === 'memory.failed', JSON.stringify(asked.data));
  assert.equal(asked.data.error.code, 'memory_sealed');
  assert.match(asked.data.error.hint, /AGENT_MEMORY_KEY_PREVIOUS/);
  await run.remember(`Later, ${SECRET}`);
  await sleep(500);
  await wrong.stop();

  await using right = start({ AGENT_MEMORY_KEY: KEY });
  await right.ready;
  await stack.projected();
  const texts = textsOf(await run.recall(`The word ${SECRET}`));
  assert.ok(texts.includes(`The word is ${SECRET}`) && texts.includes(`Later, ${SECRET}`), String(texts));
});

test('after a change of the master key everything is read, with the one before set until it was met, and then without', async () => {
  for (const env of [
    { AGENT_MEMORY_KEY: NEXT_KEY, AGENT_MEMORY_KEY_PREVIOUS: KEY },
    { AGENT_MEMORY_KEY: NEXT_KEY },
  ]) {
    await using service = start(env);
    await service.ready;
    assert.equal(
      textsOf(await (await begin(USER, 'wf-rotated')).recall(`The word is ${SECRET}`, 1)).length,
      1,
    );
    await service.stop();
  }
});

test('processes that start at once without a key make one file for all, readable for its owner alone, and say where', async () => {
  const [manager, keys] = [await stack.kernel.connection.jetstreamManager(), 'KV_AGENTS_MEMORY_KEYS'];
  await manager.streams.purge(keys);
  await using one = start({});
  await using other = start({});
  await Promise.all([one.ready, other.ready]);
  const file = join(folder, '.local', 'memory.key');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const said = lines.filter((line) => line.includes('memory.key'));
  assert.equal(said.length, 2);
  assert.equal(said.filter((line) => line.includes('made a master key')).length, 1);
  HIDDEN.push((await readFile(file, 'utf8')).trim());

  for (const n of [1, 2, 3, 4]) await (await begin(`user-${n}`, `wf-${n}`)).remember(`Number ${n}`);
  await stack.projected();
  for (const n of [1, 2, 3, 4])
    assert.deepEqual(textsOf(await (await begin(`user-${n}`, `wf-${n}-2`)).recall(`Number ${n}`)), [
      `Number ${n}`,
    ]);
});

test('in production the service does not start without a key, and says how to make one', async () => {
  await using service = start({ APP_ENV: 'production' });
  assert.equal((await service.exited).code, 1);
  assert.match(service.tail(), /memory_key_missing: .*openssl rand -base64 32.*AGENT_MEMORY_KEY_FILE/);
});

test('no process wrote a key or a text', () => {
  assert.equal(lines.filter((line) => line.includes('"msg":"ready"')).length, 7);
  // Users and runs are opaque ids, which logs may name.
  for (const hidden of HIDDEN.filter((one) => one !== USER && one !== WORKFLOW))
    assert.deepEqual(
      lines.filter((line) => line.includes(hidden)),
      [],
    );
});
