import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { parseAllowed } from '../policy/egress.ts';
import { startWorld } from '../test-support/world.ts';
import { createEgressGuard } from './guard.ts';
import type { EgressProxy } from './proxy.ts';
import { openEgressProxy } from './proxy.ts';

const openProxy = (allow: string, addresses: string[] = []): Promise<EgressProxy> =>
  openEgressProxy(
    createEgressGuard({
      allowed: parseAllowed(allow),
      resolve: () => Promise.resolve(addresses.map((address) => ({ address, family: 4 }))),
    }),
  );

/** Asks the proxy for a URL as a browser does. */
async function ask(proxy: EgressProxy, url: string, options: { method?: string; body?: string } = {}) {
  const { port } = new URL(proxy.url);
  const asking = request({
    host: '127.0.0.1',
    port,
    path: url,
    method: options.method ?? 'GET',
    headers: { host: new URL(url).host, 'proxy-connection': 'keep-alive', accept: 'text/x' },
  }).end(options.body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

/** Asks for a tunnel; the socket, and the first line of the answer. */
async function tunnel(proxy: EgressProxy, target: string) {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return { socket, line: answer.toString().split('\r\n', 1)[0] };
}

test('A request passes with method, body, headers and status, without those of the hop.', async () => {
  await using world = await startWorld({
    '/order': (_visit, response) =>
      response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-from': 'world' }).end('made'),
  });
  await using proxy = await openProxy(`127.0.0.1:${world.port}`);
  const answer = await ask(proxy, `${world.url}/order?q=1`, { method: 'POST', body: 'two eggs' });
  assert.deepEqual([answer.status, answer.body, answer.headers['x-from']], [201, 'made', 'world']);
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  const [visit] = world.visits;
  assert.deepEqual([visit?.method, visit?.path, visit?.body], ['POST', '/order', 'two eggs']);
  assert.deepEqual([visit?.headers.accept, visit?.headers['proxy-connection']], ['text/x', undefined]);
  assert.equal(proxy.failureAt(`${world.url}/other`), undefined);
});

test('What the guard refuses is answered 403 with the reason, remembered, and never connected to.', async () => {
  await using world = await startWorld({});
  await using proxy = await openProxy('', ['127.0.0.1']);
  for (const url of [`${world.url}/`, `http://rebound.test:${world.port}/`]) {
    const { status, body } = await ask(proxy, url);
    assert.equal(status, 403);
    assert.match(body, /loopback/);
    assert.equal(proxy.failureAt(url)?.failure.code, 'egress_refused');
  }
  const { socket, line } = await tunnel(proxy, `2130706433:${world.port}`);
  assert.equal(line, 'HTTP/1.1 403 Forbidden');
  socket.destroy();
  assert.deepEqual(world.visits, []);
});

test('A name is connected to at the address that was checked.', async () => {
  await using world = await startWorld({ '/': (_visit, response) => response.end('here') });
  await using proxy = await openProxy(`shop.test:${world.port}`, ['127.0.0.1']);
  assert.equal((await ask(proxy, `http://shop.test:${world.port}/`)).body, 'here');
  assert.equal(world.visits[0]?.headers.host, `shop.test:${world.port}`);
});

test('A tunnel carries bytes both ways, and ends when either end does.', async () => {
  const echo = createServer((socket) => void socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const { port } = echo.address() as AddressInfo;
  await using proxy = await openProxy(`127.0.0.1:${port}`);
  const { socket, line } = await tunnel(proxy, `127.0.0.1:${port}`);
  assert.equal(line, 'HTTP/1.1 200 Connection established');
  socket.write('ping');
  const [back] = (await once(socket, 'data')) as [Buffer];
  assert.equal(back.toString(), 'ping');
  socket.end();
  await once(socket, 'close');
  echo.close();
});

test('Disposing the proxy cuts what goes through it.', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const proxy = await openProxy(`127.0.0.1:${port}`);
  const { socket } = await tunnel(proxy, `127.0.0.1:${port}`);
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await proxy[Symbol.asyncDispose]();
  await closed;
  silent.close();
});

test('A server that hangs up without an answer is unreachable, and is forgotten once it answers.', async () => {
  let rude = true;
  await using world = await startWorld({
    '/': (_visit, response) => (rude ? response.destroy() : response.end('sorry')),
  });
  await using proxy = await openProxy(`127.0.0.1:${world.port}`);
  assert.equal((await ask(proxy, world.url)).status, 502);
  assert.equal(proxy.failureAt(world.url)?.failure.code, 'host_unreachable');
  rude = false;
  assert.equal((await ask(proxy, world.url)).status, 200);
  assert.equal(proxy.failureAt(world.url), undefined);
});

test('What is no request for a web page is refused.', async () => {
  await using proxy = await openProxy('');
  for (const url of ['ftp://example.com/', 'http://ann:secret@example.com/', 'file:///etc/passwd'])
    assert.equal((await ask(proxy, url)).status, 400, url);
});
