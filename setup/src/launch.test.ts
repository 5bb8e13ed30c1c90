import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { root } from './root.ts';
import { untilGone } from './test-support/parent.ts';
import { scratch } from './test-support/scratch.ts';

const LAUNCHER = ['guard.sh', 'install.mjs', 'launch.mjs', 'run-guarded.mjs'];

/** A small checkout with the real launcher, one dependency (a folder beside it) and a program. */
function checkout(t: TestContext, program: string): string {
  const folder = scratch(t);
  const files = {
    'package.json': { name: 'sample', version: '1.0.0', dependencies: { beside: 'file:beside' } },
    'beside/package.json': { name: 'beside', version: '1.0.0' },
    'package-lock.json': {
      name: 'sample',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: {
        '': { name: 'sample', version: '1.0.0', dependencies: { beside: 'file:beside' } },
        beside: { version: '1.0.0' },
        'node_modules/beside': { resolved: 'beside', link: true },
      },
    },
  };
  mkdirSync(join(folder, 'beside'));
  mkdirSync(join(folder, 'setup'));
  for (const [file, content] of Object.entries(files))
    writeFileSync(join(folder, file), JSON.stringify(content));
  for (const file of LAUNCHER) copyFileSync(join(root, 'setup', file), join(folder, 'setup', file));
  writeFileSync(join(folder, 'main.ts'), program);
  return folder;
}

type Run = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

async function launch(folder: string, ...args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, ['setup/launch.mjs', 'main.ts', ...args], { cwd: folder });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const ECHO =
  'const args: string[] = process.argv.slice(2); console.log(JSON.stringify(args)); process.exitCode = 5;';

test('a fresh clone is installed first, and stdout and the exit code are the program’s alone', async (t) => {
  const folder = checkout(t, ECHO);
  const { code, stdout, stderr } = await launch(folder, 'one', '--two=2');
  assert.deepEqual([code, stdout], [5, '["one","--two=2"]\n'], stderr);
  assert.match(stderr, /setting up: installing/);
});

test('what is installed is not installed again, until the lockfile asks for something else', async (t) => {
  const folder = checkout(t, ECHO);
  await launch(folder);
  assert.equal((await launch(folder)).stderr, '');
  rmSync(join(folder, 'node_modules/.package-lock.json'));
  assert.match((await launch(folder)).stderr, /setting up: installing/);
  const record = join(folder, 'node_modules/.package-lock.json');
  writeFileSync(record, readFileSync(record, 'utf8').replace('"link": true', '"version": "0.9.0"'));
  assert.match((await launch(folder)).stderr, /setting up: installing/);
});

test('two commands in a fresh clone take turns to install', async (t) => {
  const folder = checkout(t, ECHO);
  const runs = await Promise.all([launch(folder), launch(folder)]);
  assert.deepEqual(
    runs.map(({ code }) => code),
    [5, 5],
  );
  assert.equal(runs.filter(({ stderr }) => stderr.includes('installing the packages of')).length, 1);
});

test('an installation that fails is one message and nothing is run', async (t) => {
  const folder = checkout(t, ECHO);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'sample', dependencies: { other: '1.0.0' } }),
  );
  const { code, stdout, stderr } = await launch(folder);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /`npm ci` ended with code 1/);
});

test('the lock of a command that is gone does not block the next one', async (t) => {
  const folder = checkout(t, ECHO);
  mkdirSync(join(folder, '.local'));
  const gone = spawn(process.execPath, ['--eval', '']);
  await once(gone, 'exit');
  writeFileSync(join(folder, '.local/install.lock'), String(gone.pid));
  assert.equal((await launch(folder)).code, 5);
});

test('a signal is passed on to the program, whose end decides the exit code', async (t) => {
  const handles = `const timer = setInterval(() => {}, 1000);
    process.once('SIGTERM', () => { clearInterval(timer); process.exitCode = 9; });
    console.log('up');`;
  for (const [program, expected] of [
    [handles, 9],
    ["setInterval(() => {}, 1000); console.log('up');", 143],
  ] as const) {
    const child = spawn(process.execPath, ['setup/launch.mjs', 'main.ts'], { cwd: checkout(t, program) });
    t.after(() => child.kill('SIGKILL'));
    await once(createInterface({ input: child.stdout }), 'line');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [expected, null]);
  }
});

test('a program does not outlive a launcher that was killed by SIGKILL', async (t) => {
  const folder = checkout(t, 'setInterval(() => {}, 1000); console.log(String(process.pid));');
  const child = spawn(process.execPath, ['setup/launch.mjs', 'main.ts'], { cwd: folder });
  t.after(() => child.kill('SIGKILL'));
  const [pid] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  child.kill('SIGKILL');
  await untilGone(Number(pid));
});

test('a program does not outlive the `npm run` that started it', async (t) => {
  const folder = checkout(t, 'setInterval(() => {}, 1000); console.log(String(process.pid));');
  const run = 'node setup/launch.mjs main.ts; true'; // like npm, a shell that passes nothing on
  const npm = spawn('/bin/sh', ['-c', run], {
    cwd: folder,
    env: { ...process.env, npm_lifecycle_event: 'demo' },
  });
  const [pid] = (await once(createInterface({ input: npm.stdout }), 'line')) as [string];
  npm.kill('SIGTERM');
  await untilGone(Number(pid));
});
