import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from '../setup-error.ts';
import { scratch, script } from '../test-support/scratch.ts';
import type { SystemPackages } from './debian-packages.ts';
import { findNatsServer } from './nats-server.ts';
import type { FindOptions } from './search.ts';

const server = (path: string, version: string): Promise<string> =>
  script(path, `echo "nats-server: v${version}"`);

/** Stands in for the archive of Debian sid. */
function archive(version: string): SystemPackages & { readonly asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    unpack: async (suite, packages, folder) => {
      asked += 1;
      assert.deepEqual([suite, packages], ['sid', ['nats-server']]);
      await sleep(50); // long enough for two searches to overlap
      await server(join(folder, 'usr/sbin/nats-server'), version);
      return folder;
    },
  };
}

type Machine = { readonly folder: string; readonly said: string[]; readonly options: FindOptions };

function machine(t: TestContext, env: FindOptions['env'], systemPackages?: SystemPackages): Machine {
  const folder = scratch(t);
  const said: string[] = [];
  const options = {
    env: { ...env, PATH: env['PATH'] ?? join(folder, 'bin') },
    localDir: join(folder, 'local'),
    report: (line: string) => void said.push(line),
    origins: { installed: () => undefined, systemPackages },
  };
  return { folder, said, options };
}

test('NATS_SERVER_PATH is used even when another server is on PATH', async (t) => {
  const { folder, options } = machine(t, {});
  await server(join(folder, 'bin/nats-server'), '2.16.0');
  const NATS_SERVER_PATH = await server(join(folder, 'mine'), '2.15.3');
  const found = await findNatsServer({ ...options, env: { ...options.env, NATS_SERVER_PATH } });
  assert.deepEqual(found, { command: NATS_SERVER_PATH, args: [], version: '2.15.3', source: 'variable' });
});

test('an old server in NATS_SERVER_PATH is an error that names it, and nothing else is tried', async (t) => {
  const { folder, options } = machine(t, {});
  await server(join(folder, 'bin/nats-server'), '2.16.0');
  const NATS_SERVER_PATH = await server(join(folder, 'mine'), '2.10.27');
  await assert.rejects(findNatsServer({ ...options, env: { ...options.env, NATS_SERVER_PATH } }), (error) => {
    assert.ok(error instanceof SetupError);
    assert.equal(error.code, 'component_refused');
    for (const part of ['NATS_SERVER_PATH', '2.10.27', NATS_SERVER_PATH, '2.15'])
      assert.ok(error.message.includes(part));
    return true;
  });
});

test('an old server on PATH is refused by name, and the search goes on to the next folder of PATH', async (t) => {
  const { folder, said, options } = machine(t, {});
  const old = await server(join(folder, 'old/nats-server'), '2.14.9');
  const recent = await server(join(folder, 'recent/nats-server'), '2.15.0');
  const PATH = [join(folder, 'old'), join(folder, 'recent')].join(':');
  const found = await findNatsServer({ ...options, env: { PATH } });
  assert.deepEqual([found.command, found.source], [recent, 'path']);
  assert.equal(said.length, 1);
  assert.match(said[0]!, new RegExp(`nats-server 2\\.14\\.9 at ${old} is older than 2\\.15`));
});

test('a later major version is not taken for an old one', async (t) => {
  const { folder, options } = machine(t, {});
  await server(join(folder, 'bin/nats-server'), '3.0.0');
  assert.equal((await findNatsServer(options)).version, '3.0.0');
});

test('what an earlier search unpacked is used without asking the archive again', async (t) => {
  const sid = archive('2.15.1');
  const { options } = machine(t, {}, sid);
  const first = await findNatsServer(options);
  const second = await findNatsServer(options);
  assert.deepEqual([first.source, second.source, sid.asked()], ['system-packages', 'cache', 1]);
  assert.equal(first.command, second.command);
});

test('a damaged copy in the cache is replaced', async (t) => {
  const { options } = machine(t, {}, archive('2.15.1'));
  const { command } = await findNatsServer(options);
  await script(command, 'exit 1');
  const found = await findNatsServer(options);
  assert.deepEqual([found.command, found.version, found.source], [command, '2.15.1', 'system-packages']);
});

test('searches that unpack at the same time all succeed and leave one copy', async (t) => {
  const { options } = machine(t, {}, archive('2.15.1'));
  const found = await Promise.all(Array.from({ length: 5 }, () => findNatsServer(options)));
  assert.equal(new Set(found.map(({ command }) => command)).size, 1);
  assert.deepEqual(await readdir(options.localDir), ['nats-server-2.15']);
});

test('the archive may hold an old server: that is refused like any other', async (t) => {
  const { options } = machine(t, {}, archive('2.12.0'));
  await assert.rejects(findNatsServer(options), /nats-server 2\.12\.0 at .* is older than 2\.15/);
});

test('an archive that fails leaves nothing behind that looks unpacked', async (t) => {
  const unpack = (): Promise<string> => Promise.reject(new Error('no route to the archive'));
  const { options } = machine(t, {}, { unpack });
  await assert.rejects(findNatsServer(options), /no route to the archive/);
  assert.deepEqual(await readdir(options.localDir), []);
});

test('without any server there is one error that says what was refused and what to do', async (t) => {
  const { folder, options } = machine(t, {});
  const old = await server(join(folder, 'bin/nats-server'), '2.9.10');
  await assert.rejects(findNatsServer(options), (error) => {
    assert.ok(error instanceof SetupError);
    assert.equal(error.code, 'component_missing');
    for (const part of [old, '2.9.10', 'NATS_SERVER_PATH', 'github.com/nats-io/nats-server/releases']) {
      assert.ok(error.message.includes(part), `${part} is missing in: ${error.message}`);
    }
    return true;
  });
});

test('a search that is cancelled stops with the reason of its signal', async (t) => {
  const { options } = machine(t, {}, archive('2.15.1'));
  const reason = new Error('enough');
  await assert.rejects(findNatsServer({ ...options, signal: AbortSignal.abort(reason) }), reason);
});
