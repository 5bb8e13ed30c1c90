import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startParent, untilGone } from '../test-support/parent.ts';
import { startGuarded } from './guarded-process.ts';

const env = { PATH: '/usr/bin:/bin' };
const shell = (text: string): { name: string; command: string; args: string[]; env: typeof env } => ({
  name: 'shell',
  command: '/bin/sh',
  args: ['-c', text],
  env,
});

test('the process has the pid that is reported, and its exit code and last lines are its own', async () => {
  const lines: string[] = [];
  const program = startGuarded({
    ...shell('echo $$; echo oops >&2; exit 7'),
    onLine: (line, from) => void lines.push(`${from} ${line}`),
  });
  assert.deepEqual(await program.exited, { code: 7, signal: null });
  assert.deepEqual(lines.sort(), ['stderr oops', `stdout ${program.pid}`]);
  assert.match(program.tail(), /oops/);
});

test('a signal reaches the program itself and is seen as its end', async () => {
  await using program = startGuarded(shell('exec sleep 60'));
  program.kill('SIGKILL');
  assert.deepEqual(await program.exited, { code: null, signal: 'SIGKILL' });
});

test('a command that does not exist ends with 127 and says so', async () => {
  const program = startGuarded({ name: 'none', command: '/no/such/program', args: [], env });
  assert.equal((await program.exited).code, 127);
  assert.match(program.tail(), /\/no\/such\/program/);
});

test('the program gets the environment that was given and no descriptor of the guard', async () => {
  const program = startGuarded({
    ...shell('echo "given=$GIVEN home=$HOME"; [ -e /dev/fd/3 ] && echo leaked; true'),
    env: { ...env, GIVEN: 'yes' },
  });
  await program.exited;
  assert.equal(program.tail(), 'given=yes home=');
});

test('a program that ignores the polite signal is killed after the grace period', async () => {
  const started = Promise.withResolvers<void>();
  const program = startGuarded({
    ...shell('trap "" TERM; echo up; while :; do sleep 1; done'),
    onLine: () => started.resolve(),
  });
  await started.promise;
  assert.deepEqual(await program.stop({ graceMs: 100 }), { code: null, signal: 'SIGKILL' });
});

test('children that a program forgets end with it', async () => {
  const program = startGuarded(shell('sleep 60 & echo $!'));
  await program.exited;
  await untilGone(Number(program.tail()));
});

test('stopping twice, or after the end, is harmless', async () => {
  const program = startGuarded(shell('exec sleep 60'));
  const [first, second] = await Promise.all([program.stop(), program.stop()]);
  assert.deepEqual(first, second);
  assert.deepEqual(await program.stop(), first);
});

test('nothing is left when the parent is killed by SIGKILL, not even a program that ignores signals', async (t) => {
  const module = new URL('guarded-process.ts', import.meta.url).href;
  const parent = await startParent(
    t,
    `import { startGuarded } from ${JSON.stringify(module)};
     startGuarded({
       name: 'stubborn',
       command: '/bin/sh',
       args: ['-c', 'trap "" TERM INT HUP; sleep 60 & echo $$ $!; while :; do sleep 1; done'],
       env: { PATH: '/usr/bin:/bin' },
       onLine: (line) => console.log(line),
     });`,
  );
  parent.kill('SIGKILL');
  for (const pid of parent.firstLine.split(' ')) await untilGone(Number(pid));
});
