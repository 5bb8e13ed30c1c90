import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createLogger } from '../logger.ts';
import type { StatusOptions } from './status-server.ts';
import { startStatusServer } from './status-server.ts';

const logger = createLogger('test', 'silent');
/** Above what the operating system hands out, and not the default: other processes of the tests listen there. */
let nextPort = 61_500 + (process.pid % 30) * 100;
const options = (more: Partial<StatusOptions> = {}): StatusOptions => ({
  host: '127.0.0.1',
  port: (nextPort += 20),
  registry: new Registry(),
  unready: () => Promise.resolve(undefined),
  logger,
  ...more,
});

test('each further process on a host takes the next port, tells which, and warns of nothing', async () => {
  const given = options();
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  process.on('warning', onWarning);
  await using opened = new AsyncDisposableStack();
  const urls: (string | undefined)[] = [];
  // More than the listeners that an emitter takes without a warning.
  for (let i = 0; i < 15; i += 1) urls.push(opened.use(await startStatusServer(given)).metricsUrl);
  assert.equal(new Set(urls).size, 15);
  for (const url of urls) assert.equal((await fetch(url ?? '')).status, 200);
  process.off('warning', onWarning);
  assert.deepEqual(warnings, []);
});

test('readiness says why not; liveness only that the process answers', async () => {
  let why: string | undefined = 'starting';
  await using status = await startStatusServer(options({ unready: () => Promise.resolve(why) }));
  const ask = (path: string): Promise<Response> => fetch(new URL(path, status.metricsUrl));
  const starting = await ask('/readyz');
  assert.deepEqual([starting.status, await starting.text()], [503, 'starting\n']);
  assert.equal((await ask('/livez')).status, 200);
  why = undefined;
  assert.equal((await ask('/readyz')).status, 200);
  assert.equal((await ask('/healthz?verbose')).status, 200);
  for (const path of ['/', '/metrics/', '/constructor', '/%2e%2e/etc/passwd'])
    assert.equal((await ask(path)).status, 404, path);
});

test('a look that fails is answered, and the next one too', async () => {
  const unready = (): Promise<undefined> => Promise.reject(new Error('a bug'));
  await using status = await startStatusServer(options({ unready }));
  assert.equal((await fetch(new URL('/readyz', status.metricsUrl))).status, 500);
  assert.equal((await fetch(new URL('/livez', status.metricsUrl))).status, 200);
});

test('a process that gets no port at all goes on without', async () => {
  const said: unknown[] = [];
  const telling = Object.assign(Object.create(logger) as typeof logger, {
    error: (fields: unknown) => said.push(fields),
  });
  await using nowhere = await startStatusServer(options({ host: '203.0.113.1', logger: telling }));
  assert.equal(nowhere.metricsUrl, undefined);
  const last = createServer().listen(65_535, '127.0.0.1');
  await new Promise((resolve) => last.once('listening', resolve).once('error', resolve));
  await using taken = await startStatusServer(options({ port: 65_535, logger: telling }));
  assert.equal(taken.metricsUrl, undefined);
  last.close();
  assert.deepEqual(
    said.map((fields) => (fields as { code: string }).code),
    ['metrics_unavailable', 'metrics_unavailable'],
  );
});
