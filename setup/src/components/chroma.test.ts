import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { scratch, script } from '../test-support/scratch.ts';
import { findChroma } from './chroma.ts';
import type { SystemPackages } from './debian-packages.ts';

const nothing = { installed: () => undefined, systemPackages: undefined };
const silent = (): void => undefined;

/** Stands in for node_modules/chromadb. */
async function packageAt(folder: string, cli: string): Promise<string> {
  await writeFile(join(folder, 'cli.mjs'), cli);
  return join(folder, 'chromadb.mjs');
}

test('TROUPE_CHROMA_COMMAND holds the command and its arguments', async (t) => {
  const folder = scratch(t);
  const command = await script(join(folder, 'loader'), 'shift; echo "chroma 1.4.4 $*"');
  const env = { TROUPE_CHROMA_COMMAND: JSON.stringify([command, '--library-path', 'cli.mjs']) };
  const found = await findChroma({ env, localDir: folder, report: silent, origins: nothing });
  assert.deepEqual(found, {
    command,
    args: ['--library-path', 'cli.mjs'],
    version: '1.4.4',
    source: 'variable',
  });
});

test('a TROUPE_CHROMA_COMMAND that is not a list of strings is an error that shows the form', async (t) => {
  const localDir = scratch(t);
  for (const value of ['/usr/bin/chroma', '[]', '[1]', '{}']) {
    const env = { TROUPE_CHROMA_COMMAND: value };
    await assert.rejects(findChroma({ env, localDir, report: silent, origins: nothing }), {
      code: 'component_refused',
      message: /TROUPE_CHROMA_COMMAND: .* is not a JSON array/,
    });
  }
});

test("the packages' own node_modules/.bin is not taken for the person's PATH", async (t) => {
  const folder = scratch(t);
  await script(join(folder, 'node_modules/.bin/chroma'), 'echo chroma 1.4.4');
  const theirs = await script(join(folder, 'bin/chroma'), 'echo chroma 1.5.0');
  const env = { PATH: [join(folder, 'node_modules/.bin'), join(folder, 'bin')].join(delimiter) };
  const found = await findChroma({ env, localDir: folder, report: silent, origins: nothing });
  assert.deepEqual([found.command, found.version, found.source], [theirs, '1.5.0', 'path']);
});

test('a Chroma of before 1.0 is refused by name', async (t) => {
  const folder = scratch(t);
  await script(join(folder, 'chroma'), 'echo 0.5.23');
  const search = findChroma({ env: { PATH: folder }, localDir: folder, report: silent, origins: nothing });
  await assert.rejects(search, {
    code: 'component_missing',
    message: /chroma 0\.5\.23 at .* is older than 1\.0/,
  });
});

test('the package of the lockfile is used as it is where it runs', async (t) => {
  const folder = scratch(t);
  const entry = await packageAt(folder, 'console.log("chroma 1.4.4")');
  const origins = { installed: () => entry, systemPackages: undefined };
  const found = await findChroma({ env: {}, localDir: folder, report: silent, origins });
  assert.deepEqual(
    [found.command, found.args, found.source],
    [process.execPath, [join(folder, 'cli.mjs')], 'lockfile'],
  );
});

test('the package of the lockfile runs on a newer glibc from the archive where this one is too old, and again from the cache', {
  skip: process.platform === 'linux' ? false : 'glibc is of Linux',
}, async (t) => {
  const folder = scratch(t);
  const said: string[] = [];
  const entry = await packageAt(
    folder,
    "console.error(`version `GLIBC_2.38' not found`.replaceAll('x', '')); process.exit(1)",
  );
  const systemPackages: SystemPackages = {
    unpack: async (suite, packages, into) => {
      assert.deepEqual([suite, packages], ['trixie', ['libc6', 'libstdc++6', 'libgcc-s1']]);
      for (const libraries of [
        'x86_64-linux-gnu/ld-linux-x86-64.so.2',
        'aarch64-linux-gnu/ld-linux-aarch64.so.1',
      ]) {
        await script(join(into, 'usr/lib', libraries), '[ "$1" = --library-path ] && echo chroma 1.4.4');
      }
      return into;
    },
  };
  const origins = { installed: () => entry, systemPackages };
  const options = {
    env: {},
    localDir: join(folder, 'local'),
    report: (line: string) => void said.push(line),
    origins,
  };
  const first = await findChroma(options);
  assert.equal(first.source, 'system-packages');
  assert.deepEqual(first.args.slice(-2), [process.execPath, join(folder, 'cli.mjs')]);
  assert.match(said[0]!, /does not run here/);
  assert.equal((await findChroma(options)).source, 'cache');
});
