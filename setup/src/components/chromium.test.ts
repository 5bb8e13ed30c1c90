import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGuarded } from '../processes/guarded-process.ts';
import { localDir } from '../root.ts';
import { scratch, script } from '../test-support/scratch.ts';
import { findChromium } from './chromium.ts';

const nothing = { installed: () => undefined, systemPackages: undefined };
const silent = (): void => undefined;

test('a browser that names a version but does not start is refused with its own words', async (t) => {
  const folder = scratch(t);
  const lines = [
    '[ "$1" = --version ] && echo Chromium 153.0.1 && exit',
    'echo libnss3.so is missing >&2; exit 127',
  ];
  await script(join(folder, 'chromium'), ...lines);
  const search = findChromium({ env: { PATH: folder }, localDir: folder, report: silent, origins: nothing });
  await assert.rejects(search, {
    code: 'component_missing',
    message: /chromium at .* does not start \(it ended with code 127: libnss3\.so is missing\)/,
  });
});

test('the first browser on PATH that says it can be driven is taken', async (t) => {
  const folder = scratch(t);
  const lines = [
    '[ "$1" = --version ] && echo Chromium 153.0.1 && exit',
    'echo DevTools listening on ws://x >&2; exec sleep 60',
  ];
  const shell = await script(join(folder, 'chromium-headless-shell'), ...lines);
  await script(join(folder, 'google-chrome'), 'exit 1');
  const PATH = `${folder}:/usr/bin:/bin`;
  const found = await findChromium({ env: { PATH }, localDir: folder, report: silent, origins: nothing });
  assert.deepEqual([found.source, found.version, found.command], ['path', '153.0.1', shell]);
});

test("the lockfile's browser renders a page on a machine that has none", {
  skip: process.platform === 'linux' && process.arch === 'x64' ? false : 'the package is for Linux on x64',
}, async (t) => {
  const found = await findChromium({ env: { PATH: '/usr/bin:/bin' }, localDir, report: silent });
  const width = await widthOfText(found.command, scratch(t));
  assert.ok(width > 0, 'text without fonts has no width');
});

/** Drives the browser by its own protocol: opens a page with one word and measures the word. */
async function widthOfText(executable: string, profile: string): Promise<number> {
  const listening = Promise.withResolvers<string>();
  await using browser = startGuarded({
    name: 'chromium',
    command: executable,
    args: ['--headless', '--no-sandbox', '--remote-debugging-port=0', `--user-data-dir=${profile}`],
    env: { PATH: '/usr/bin:/bin', HOME: profile },
    onLine: (line) => {
      const url = /^DevTools listening on (\S+)$/.exec(line)?.[1];
      if (url !== undefined) listening.resolve(url);
    },
  });
  const { host } = new URL(await listening.promise);
  const page = encodeURIComponent('data:text/html,<span style="font-size:20px">word</span>');
  const response = await fetch(`http://${host}/json/new?${page}`, { method: 'PUT' });
  const { webSocketDebuggerUrl } = (await response.json()) as { webSocketDebuggerUrl: string };
  const socket = new WebSocket(webSocketDebuggerUrl);
  await once(socket, 'open');
  let width = 0;
  // A fresh tab shows an empty page before the one that it was asked for, and its answer is then no number.
  for (let look = 0; look < 100 && !(width > 0); look += 1) {
    const expression = "document.querySelector('span')?.getBoundingClientRect().width";
    socket.send(JSON.stringify({ id: look, method: 'Runtime.evaluate', params: { expression } }));
    const [{ data }] = (await once(socket, 'message')) as [{ data: string }];
    width = Number((JSON.parse(data) as { result?: { result?: { value?: number } } }).result?.result?.value);
    if (!(width > 0)) await sleep(50);
  }
  socket.close();
  await browser.stop({ graceMs: 2_000 });
  return width;
}
