// The bench runs, briefly, and its counts hold; without the gateway that would have to be fetched first. What it measures on a machine
// that also runs tests is nobody's figure.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const bench = (...args: string[]) =>
  promisify(execFile)(process.execPath, [MAIN, ...args], { timeout: 120_000 });

test('the bench prints one line of JSON, and the provider answered every call once', async () => {
  const { stdout } = await bench('--json', '--only', 'troupe', '--rounds', '1', '--seconds', '0.3');
  assert.match(stdout, /^\{.*\}\n$/);
  const result = JSON.parse(stdout) as Record<string, Record<string, object>>;
  assert.deepEqual(Object.keys(result), ['direct', 'troupe', 'ratio']);
  assert.deepEqual(Object.keys(result['troupe'] ?? {}), ['1', '32', '128']);
});

test('an option that the bench does not know is answered with its usage', async () => {
  await assert.rejects(bench('--only', 'everything'), {
    code: 2,
    stderr: /there is no gateway "everything"\nUsage: npm run bench:gateway/,
  });
});
