// The bench runs, briefly, and its counts hold; what it measures on a machine that also runs tests is nobody's figure.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const bench = (...args: string[]) =>
  promisify(execFile)(process.execPath, [MAIN, ...args], { timeout: 180_000 });

test('the bench prints one line of JSON, and each of its workflows is completed once, in 10 log messages', async () => {
  const quick = ['--rounds', '1', '--seconds', '0.3'];
  const { stdout } = await bench('--json', '--only', 'overhead', '--only', 'five-steps', ...quick);
  assert.match(stdout, /^\{.*\}\n$/);
  const result = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual(Object.keys(result), [
    'workflows_per_second',
    'p50_ms',
    'p99_ms',
    'cpu_ms_per_workflow',
    'messages_per_workflow',
    'raw_publish_per_second',
    'five_steps',
  ]);
  assert.equal(result['messages_per_workflow'], 10);
  assert.deepEqual(Object.keys(result['p50_ms'] as object), ['1', '16', '128']);
});

test('an option that the bench does not know is answered with its usage', async () => {
  await assert.rejects(bench('--only', 'everything'), {
    code: 2,
    stderr: /there is no stage "everything"\nUsage: npm run bench/,
  });
});
