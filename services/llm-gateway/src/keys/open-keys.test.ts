// Keys that come and go in real files while calls are made with them.
import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeySettings, OpenKeys } from './open-keys.ts';
import { openKeys } from './open-keys.ts';
import { KEY_RULES } from './pool.ts';
import { parseKeys, ProviderKey } from './provider-key.ts';

const secretOf = (name: string): string => `sk-file-${name}-0123456789`;
const A = secretOf('a');
const NONE: KeySettings = { key: undefined, keyFile: undefined, keys: undefined, keysFile: undefined };

interface Opened extends AsyncDisposable {
  readonly keys: OpenKeys;
  readonly path: string;
  readonly told: string[];
  readonly problems: string[];
  /** Puts the file in place as a whole, as secrets are mounted. */
  readonly write: (text: string) => Promise<void>;
}

async function open(text: string, more: Partial<KeySettings> = {}): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'));
  const path = join(folder, 'keys');
  await writeFile(path, text);
  const parsed = parseKeys(text);
  assert.equal(parsed.kind, 'keys');
  const told: string[] = [];
  const problems: string[] = [];
  const keys = openKeys({
    settings: { ...NONE, keys: parsed.keys, keysFile: path, ...more },
    rules: KEY_RULES,
    readEveryMs: 10,
    now: () => performance.now(),
    wallNow: () => Date.now(),
    onChange: ({ id, state }) => told.push(`${id} ${state}`),
    onProblem: (problem) => problems.push(`${problem.path}: ${problem.rule}`),
  });
  return {
    keys,
    path,
    told,
    problems,
    async write(next) {
      await writeFile(`${path}.next`, next);
      await rename(`${path}.next`, path);
    },
    async [Symbol.asyncDispose]() {
      keys[Symbol.dispose]();
      await rm(folder, { recursive: true });
    },
  };
}

const ids = ({ keys }: Opened): string[] => keys.pool.states().map(({ id }) => id);
const idsOf = (...secrets: string[]): string[] => secrets.map((secret) => new ProviderKey(secret).id);
async function until(what: string, holds: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - startedAt < 30_000, what);
    await sleep(5);
  }
}

test('a key that is added to the file is used, one that is taken out is used no more, the others stay', async () => {
  await using opened = await open(A, { key: 'fixed-key' });
  await opened.write(`${A}\n${secretOf('b')}\n`);
  await until('both', () => ids(opened).length === 3);
  await opened.write(secretOf('b'));
  await until('the new one', () => ids(opened).length === 2);
  assert.deepEqual(ids(opened), idsOf('fixed-key', secretOf('b')));
});

test('a file with one key is followed, too, whatever the form of the key', async () => {
  await using opened = await open(A);
  using one = openKeys({
    settings: { ...NONE, key: A, keyFile: opened.path },
    rules: KEY_RULES,
    readEveryMs: 10,
    now: () => performance.now(),
    wallNow: () => Date.now(),
    onChange: () => undefined,
    onProblem: () => undefined,
  });
  await opened.write('none\n');
  await until('the other key', () => one.pool.states()[0]?.id === idsOf('none')[0]);
});

test('a file that goes, is emptied or is wrong changes nothing, is complained of once, and is read again when it is right', async () => {
  await using opened = await open(A);
  const spoilt: readonly (readonly [RegExp, () => Promise<void>])[] = [
    [/at least one key/, () => opened.write('\n')],
    [/key 2 of it must be 8 to 256/, () => opened.write(`${A},${A.slice(0, 5)}`)],
    [/can be read/, () => rm(opened.path)],
  ];
  for (const [index, [rule, spoil]] of spoilt.entries()) {
    await spoil();
    await until('a complaint', () => opened.problems.length > index);
    await sleep(60);
    assert.equal(opened.problems.length, index + 1);
    assert.match(opened.problems[index] ?? '', rule);
    assert.deepEqual(ids(opened), idsOf(A));
  }
  assert.ok(!opened.problems.join().includes(A.slice(0, 5)));
  await opened.write(secretOf('z'));
  await until('the new key', () => ids(opened).join() === idsOf(secretOf('z')).join());
});

test('keys are rotated under load without a call that has no key or a key that is not valid when it begins', async () => {
  await using opened = await open(A);
  const { pool } = opened.keys;
  let rotating = true;
  let calls = 0;
  const call = async (worker: number): Promise<void> => {
    while (rotating) {
      const choice = pool.choose({ model: 'm', affinity: `workflow-${worker}-${calls}`, except: new Set() });
      assert.equal(choice.kind, 'key');
      using used = choice.key;
      const known = pool.states().find(({ id }) => id === used.id);
      assert.equal(known?.state, 'active');
      calls += 1;
      await sleep(Math.trunc(calls % 7));
      assert.match(used.secret, /^sk-file-/);
      used.report('good');
    }
  };
  const callers = Array.from({ length: 8 }, (_, worker) => call(worker));
  let round = 0;
  for (; round < 10 || calls <= 100; round += 1) {
    const next = [secretOf(`r${round}`), secretOf(`r${round + 1}`)];
    await opened.write(next.join('\n'));
    await until('the new keys', () => idsOf(...next).every((id) => ids(opened).includes(id)));
    await sleep(20);
  }
  rotating = false;
  await Promise.all(callers);
  await until('the old keys are gone', () => ids(opened).length === 2);
  assert.deepEqual(ids(opened).sort(), idsOf(secretOf(`r${round - 1}`), secretOf(`r${round}`)).sort());
  assert.deepEqual(opened.problems, []);
});
