import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { runJob } from '../browser/job.ts';
import { SharedBrowser } from '../browser/shared-browser.ts';
import { Slots } from '../browser/slots.ts';
import type { Step } from '../browser/steps.ts';
import { parseAllowed } from '../policy/egress.ts';
import { testChromium } from '../test-support/chromium.ts';
import type { Answer, World } from '../test-support/world.ts';
import { page, startWorld } from '../test-support/world.ts';
import { ToolError } from '../tool.ts';
import { createEgressGuard } from './guard.ts';

/** Stands for everything inside: nothing may ever reach it. */
let inside: World;
let outside: World;
let browser: SharedBrowser;
const datagrams = createSocket('udp4');
const received: Buffer[] = [];

before(async () => {
  browser = new SharedBrowser(await testChromium());
  datagrams.on('message', (datagram) => received.push(datagram)).bind(0, '127.0.0.1');
  await once(datagrams, 'listening');
  const { port: udp } = datagrams.address();
  inside = await startWorld({ '/': page('<p>secret</p>') });
  const inner = inside.url;
  const redirect =
    (location: string): Answer =>
    (_visit, response) =>
      response.writeHead(302, { location }).end();
  outside = await startWorld({
    '/redirect': redirect(`${inner}/redirected`),
    '/redirect-by-name': redirect(`http://localhost:${inside.port}/redirected`),
    '/redirect-to-file': redirect('file:///etc/hostname'),
    '/script': page(`<script>location = '${inner}/assigned'</script>`),
    '/refresh': page(`<meta http-equiv=refresh content="0;url=${inner}/refreshed">`),
    '/link': page(`<a href="${inner}/clicked">on</a>`),
    '/page': page(attempts(inner, udp)),
  });
});

after(async () => {
  await browser[Symbol.asyncDispose]();
  await inside[Symbol.asyncDispose]();
  await outside[Symbol.asyncDispose]();
  datagrams.close();
});

/** Every way in which a page can make a browser connect. */
const attempts = (inner: string, udp: number): string => `
  <link rel=prefetch href="${inner}/prefetch"><link rel=preload as=script href="${inner}/preload">
  <link rel=stylesheet href="${inner}/style"><link rel=dns-prefetch href="//localhost"><link rel=preconnect href="${inner}">
  <img src="${inner}/image"><iframe src="${inner}/frame"></iframe><script src="${inner}/script"></script>
  <object data="${inner}/object"></object><video src="${inner}/video"></video>
  <form id=form action="${inner}/form" target=popup method=post></form><p id=done></p>
  <script>
    const tried = [];
    const attempt = (name, make) => { try { tried.push(Promise.resolve(make()).catch(() => 0)); } catch {} };
    const settled = (thing, ...events) => new Promise((resolve) => events.forEach((e) => thing.addEventListener(e, resolve)));
    attempt('fetch', () => fetch('${inner}/fetch', { mode: 'no-cors' }));
    attempt('beacon', () => navigator.sendBeacon('${inner}/beacon', 'x'));
    attempt('websocket', () => settled(new WebSocket('${inner}/socket'.replace('http', 'ws')), 'open', 'error'));
    attempt('events', () => settled(new EventSource('${inner}/events'), 'open', 'error'));
    attempt('worker', () => navigator.serviceWorker.register('${inner}/worker.js'));
    attempt('popup', () => open('${inner}/popup'));
    attempt('form', () => form.submit());
    attempt('transport', () => { const t = new WebTransport('https://127.0.0.1:${udp}/'); t.closed.catch(() => 0); return t.ready; });
    attempt('rtc', async () => {
      const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:${udp}' }] });
      peer.createDataChannel('x');
      await peer.setLocalDescription(await peer.createOffer());
      await new Promise((resolve) => setTimeout(resolve, 1000));
    });
    Promise.all(tried).then(() => { done.textContent = 'tried ' + tried.length; });
  </script>`;

const visit = (url: string, steps: Step[] = [], allow = `127.0.0.1:${outside.port}`) =>
  runJob(
    {
      browser,
      guard: createEgressGuard({
        allowed: parseAllowed(allow),
        resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
      }),
      slots: new Slots(1),
      stepTimeoutMs: 10_000,
      jobTimeoutMs: 20_000,
    },
    {
      url,
      steps,
      signal: new AbortController().signal,
      save: () => Promise.resolve({ ref: '', bytes: 0, sha256: '' }),
    },
  );

async function refusedWith(code: string, job: Promise<unknown>, what: string): Promise<void> {
  await assert.rejects(job, (error) => {
    assert.ok(error instanceof ToolError, `${what}: ${String(error)}`);
    assert.equal(error.failure.code, code, `${what}: ${error.message}`);
    return true;
  });
}

test('A page inside is refused by address, by name, over https, and at the end of every redirect.', async () => {
  const { port } = inside;
  const later: Step[] = [{ action: 'extract', selector: '#never' }];
  for (const url of [
    `${inside.url}/`,
    `http://localhost:${port}/`,
    `https://127.0.0.1:${port}/`,
    `http://2130706433:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://rebound.test:${port}/`,
    `${outside.url}/redirect`,
    `${outside.url}/redirect-by-name`,
  ])
    await refusedWith('egress_refused', visit(url), url);
  for (const path of ['/script', '/refresh'])
    await refusedWith('egress_refused', visit(`${outside.url}${path}`, later), path);
  const click: Step = { action: 'click', selector: 'a' };
  await refusedWith('egress_refused', visit(`${outside.url}/link`, [click, ...later]), 'a click');
  await refusedWith('page_unreachable', visit(`${outside.url}/redirect-to-file`), 'a file');
  assert.deepEqual(inside.visits, []);
});

const tryAll: Step[] = [{ action: 'extract', selector: '#done' }];

test('Nothing that a page does makes the browser connect inside, over TCP or UDP; the page itself is served.', async () => {
  const report = await visit(`${outside.url}/page`, tryAll);
  assert.match(report.extracts[0]?.text ?? '', /^tried \d+$/);
  assert.deepEqual(inside.visits, []);
  assert.deepEqual(received, []);
});

test('The same page does reach inside where that is allowed, and by UDP from an unguarded browser.', async () => {
  await visit(`${outside.url}/page`, tryAll, '127.0.0.0/8');
  const reached = new Set(inside.visits.map(({ path }) => path));
  for (const path of [
    'prefetch',
    'style',
    'image',
    'frame',
    'script',
    'object',
    'fetch',
    'beacon',
    'socket',
    'events',
  ])
    assert.ok(reached.has(`/${path}`), path);
  assert.deepEqual(received, []);
  await using unguarded = await chromium.launch({
    executablePath: await testChromium(),
    chromiumSandbox: process.getuid?.() !== 0,
  });
  const open = await unguarded.newPage();
  await open.goto(`${outside.url}/page`);
  await open.locator('#done', { hasText: 'tried' }).waitFor();
  assert.notEqual(received.length, 0);
});
