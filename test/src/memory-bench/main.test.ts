// The bench runs, briefly, and its counts hold: Chroma has as many records as were written, and every search finds something. What it
// measures on a machine that also runs tests is nobody's figure.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const bench = (...args: string[]) =>
  promisify(execFile)(process.execPath, [MAIN, ...args], { timeout: 120_000 });

test('the bench prints one line of JSON, with searches and upserts for each number of records', async () => {
  const quick = ['--only', 'one-user', '--records', '100,200', '--rounds', '1', '--seconds', '0.2'];
  const { stdout } = await bench('--json', ...quick);
  assert.match(stdout, /^\{.*\}\n$/);
  const { one_user } = JSON.parse(stdout) as { one_user: Record<string, { search: object }> };
  assert.deepEqual(Object.keys(one_user), ['100', '200']);
  assert.deepEqual(Object.keys(one_user['200'] ?? {}), [
    'search',
    'upserts_per_second',
    'cpu_ms_per_upsert',
    'put_directly_per_second',
  ]);
  assert.deepEqual(Object.keys(one_user['200']?.search ?? {}), ['1', '8']);
});

test('what cannot be a number of records is answered with the usage', async () => {
  await assert.rejects(bench('--records', '1000,none'), {
    code: 2,
    stderr: /--records must be a whole number from 100 to 1000000\nUsage: npm run bench:memory/,
  });
});
