import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { scratch, script } from '../test-support/scratch.ts';
import type { SystemPackages } from './debian-packages.ts';
import { findDockerCompose } from './docker-compose.ts';
import type { FindOptions } from './search.ts';

const compose = (path: string, version: string): Promise<string> =>
  script(path, `echo "Docker Compose version v${version}"`);

/** Stands in for the archive of Debian sid. */
const archive: SystemPackages = {
  unpack: async (suite, packages, folder) => {
    assert.deepEqual([suite, packages], ['sid', ['docker-compose']]);
    await compose(join(folder, 'usr/libexec/docker/cli-plugins/docker-compose'), '2.40.3');
    return folder;
  },
};

function machine(t: TestContext): { folder: string; said: string[]; options: FindOptions } {
  const folder = scratch(t);
  const said: string[] = [];
  const options = {
    env: { PATH: join(folder, 'bin'), HOME: join(folder, 'home') },
    localDir: join(folder, 'local'),
    report: (line: string) => void said.push(line),
    origins: { installed: () => undefined, systemPackages: archive },
  };
  return { folder, said, options };
}

test('the plugin of Docker is found where a person keeps it, although it is not on PATH', async (t) => {
  const { folder, options } = machine(t);
  const plugin = await compose(join(folder, 'home/.docker/cli-plugins/docker-compose'), '2.30.1');
  assert.deepEqual(await findDockerCompose(options), {
    command: plugin,
    args: [],
    version: '2.30.1',
    source: 'path',
  });
});

test('the old docker-compose is refused by name, and the one of the archive is taken and kept', async (t) => {
  const { folder, said, options } = machine(t);
  await compose(join(folder, 'bin/docker-compose'), '1.29.2');
  const first = await findDockerCompose(options);
  const second = await findDockerCompose(options);
  assert.deepEqual([first.version, first.source, second.source], ['2.40.3', 'system-packages', 'cache']);
  assert.match(said.join('\n'), /docker-compose 1\.29\.2 at .* is older than 2\.24/);
});
