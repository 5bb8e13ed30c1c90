// `troupe` where there is little or nothing behind it: each exit code, and that nothing but results reaches stdout.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '@troupe/setup';
import type { TestServer } from '../support/server.ts';
import { startTestServer } from '../support/server.ts';
import { startCli, troupe } from './cli-process.ts';

const NOWHERE = 'nats://127.0.0.1:9';
let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

test('help names every command and every exit code, on stdout; without a command it is a mistake, on stderr', async () => {
  const help = await troupe(NOWHERE, ['help']);
  assert.equal(help.code, 0);
  for (const command of [
    'run',
    'result',
    'events',
    'cancel',
    'list',
    'memory',
    'doctor',
    'provision',
    'help',
  ])
    assert.match(help.stdout, new RegExp(`^ {2}${command}\\b`, 'm'));
  for (const code of [0, 1, 2, 3, 4, 5, 6, 130]) assert.match(help.stdout, new RegExp(`^ {2}${code} `, 'm'));
  const nothing = await troupe(NOWHERE, []);
  assert.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [2, '', help.stdout]);
  assert.deepEqual(await troupe(NOWHERE, ['--version']), { code: 0, stdout: '0.1.0\n', stderr: '' });
  const flags = await troupe(NOWHERE, ['help', 'run']);
  for (const flag of ['follow', 'json', 'user', 'workflow-id', 'preferences', 'timeout'])
    assert.match(flags.stdout, new RegExp(`^ {2}--${flag}\\b`, 'm'));
});

test('a mistake is told with what was meant, before anything is connected, with exit code 2', async () => {
  for (const [words, says] of [
    [['rnu', 'x'], /There is no command "rnu"\.\n {2}Did you mean run\?/],
    [['run', 'x', '--folow'], /no flag --folow\.\n {2}Did you mean --follow\?/],
    [['result', 'a.b'], /The workflow id must be 1 to 64 characters of A-Z a-z 0-9 _ -/],
  ] as const) {
    const { code, stdout, stderr } = await troupe(NOWHERE, words);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, says);
  }
});

test('a wrong variable is named with its rule, with exit code 2', async () => {
  for (const command of ['list', 'provision']) {
    const { code, stderr } = await troupe('not an address', [command]);
    assert.equal(code, 2, command);
    assert.match(stderr, /NATS_URL: must be the address of a NATS server/);
  }
});

test('without a server it is said where one was looked for and what to do, with exit code 5', async () => {
  for (const words of [['run', 'x'], ['list']]) {
    const { code, stdout, stderr } = await troupe(NOWHERE, words);
    assert.deepEqual([code, stdout], [5, '']);
    assert.match(
      stderr,
      /No NATS server answers at 127\.0\.0\.1:9\.\n {2}Start one with `npm run dev`, or set NATS_URL/,
    );
  }
});

for (const command of ['result', 'events', 'cancel']) {
  test(`\`troupe ${command}\` of a run that nobody asked for says so, with exit code 6`, async () => {
    const { code, stdout, stderr } = await troupe(server.nats.url, [command, 'nope', '--user', 'alice']);
    assert.deepEqual([code, stdout], [6, '']);
    assert.match(stderr, /There is no run nope of user alice\.\n {2}See `troupe list --user alice`/);
  });
}

test('a user without runs has an empty list, which is no error', async () => {
  const { code, stdout, stderr } = await troupe(server.nats.url, ['list', '--user', 'nobody', '--json']);
  assert.deepEqual([code, stdout], [0, ''], stderr);
  assert.match(stderr, /nobody has no runs/);
});

test('a request that nobody takes is stored: the wait ends with exit code 4 and says how to go on', async () => {
  const words = ['run', 'x', '--workflow-id', 'waits', '--timeout', '6'];
  const { code, stdout, stderr } = await troupe(server.nats.url, words);
  assert.deepEqual([code, stdout], [4, '']);
  assert.match(stderr, /nobody has taken it yet: is a planner running\?/);
  assert.match(
    stderr,
    /The run goes on.*troupe result waits --user local.*troupe cancel waits --user local/s,
  );
});

test('doctor looks as far as it can, names every fault with its fix, and ends with exit code 1', async () => {
  const away = await troupe(NOWHERE, ['doctor']);
  assert.equal(away.code, 1);
  assert.match(
    away.stdout,
    /^✖ nats-server .*127\.0\.0\.1:9\.\n {2}→ Start one with `npm run dev`, or set NATS_URL/m,
  );

  const typo = { AGENT_PRIMARY_MODLE: 'x', OPENAI_API_KEY: '', OPENAI_API_KEY_FILE: '/nowhere' };
  const alone = await troupe(server.nats.url, ['doctor'], { ...typo, CHROMA_URL: 'http://127.0.0.1:9' });
  assert.equal(alone.code, 1);
  assert.match(alone.stdout, /^✔ nats-server +2\.\d+\.\d+ at /m);
  assert.match(alone.stdout, /^✔ streams +streams, consumers and buckets are as declared/m);
  assert.match(alone.stdout, /^✔ consumer planner-0 +0 pending/m);
  assert.match(alone.stdout, /^✖ planner +no process answers\n {2}→ Start it: `npm run dev`/m);
  assert.match(alone.stdout, /^✖ keys +OPENAI_API_KEY_FILE: must be the path of a file/m);
  assert.match(alone.stdout, /^✖ chroma +does not answer at CHROMA_URL\n {2}→ /m);
  assert.match(alone.stdout, /^✖ variables +AGENT_PRIMARY_MODLE .*was AGENT_PRIMARY_MODEL meant\?/m);

  // The request of the test before waits at the door, and nobody pulls there.
  await troupe(server.nats.url, ['run', 'x', '--workflow-id', 'waits-too', '--timeout', '1']);
  const lag = await troupe(server.nats.url, ['doctor']);
  assert.match(lag.stdout, /^✖ consumer door +[12] pending, .*nobody pulls\n {2}→ Start the service/m);
});

test('provision makes what is missing and then nothing, and doctor says what is missing', async () => {
  await using bare = await startTestServer({ provisioned: false });
  const missing = await troupe(bare.nats.url, ['doctor']);
  assert.match(missing.stdout, /^✖ streams +stream AGENTS does not exist\n {2}→ Run `troupe provision`/m);
  const refused = await troupe(bare.nats.url, ['run', 'x']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /`troupe doctor` says what is missing/);
  const env = { NATS_MONITOR_URL: bare.nats.monitorUrl };
  const made = await troupe(bare.nats.url, ['provision'], env);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /AGENTS_IN/);
  assert.equal((await troupe(bare.nats.url, ['provision'], env)).code, 0);
  assert.match((await troupe(bare.nats.url, ['doctor'])).stdout, /^✔ streams /m);
});

test('provision waits for a server that is starting, until it is interrupted, with exit code 130', async () => {
  const job = startCli('main.ts', ['provision'], { NATS_URL: NOWHERE, APP_ENV: 'test' });
  await job.said(/not yet, waiting up to 60 s: nats_unreachable/);
  job.child.kill('SIGTERM');
  assert.equal(await job.ended, 130);
});

test('a pipe gets plain text; colours are for those who look', async () => {
  const escape = '\u001b[';
  assert.ok(!(await troupe(NOWHERE, ['doctor'])).stdout.includes(escape));
  const forced = await troupe(NOWHERE, ['doctor'], { FORCE_COLOR: '1' });
  assert.ok(forced.stdout.includes(escape));
});

test('whoever reads only the first line of a result breaks nothing', async () => {
  const cli = spawn(process.execPath, [join(root, 'services/cli/src/main.ts'), 'doctor'], {
    env: { ...process.env, APP_ENV: 'test', NATS_URL: server.nats.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cli.stdout.destroy();
  const [code] = (await once(cli, 'exit')) as [number];
  assert.ok([0, 1].includes(code));
  assert.equal((await cli.stderr.toArray()).join(''), '');
});
