import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { asking } from '../test-support/gateway.ts';
import { DIALECTS, KEY, testProviders } from '../test-support/providers.ts';
import { eventStream, serverThat } from '../test-support/server-that.ts';

const DONE = `data: ${JSON.stringify({ choices: [{ delta: { content: 'Yes.' }, finish_reason: 'stop' }] })}\n\n`;

suite('calls to a provider', { timeout: 120_000 }, () => {
  for (const dialect of DIALECTS) {
    test(`${dialect}: the key of the call is sent, and nothing that the SDK would take from elsewhere`, async () => {
      let headers: IncomingMessage['headers'] = {};
      await using upstream = await serverThat((request, response) => {
        ({ headers } = request);
        response.writeHead(500).end();
      });
      await using providers = testProviders(upstream.url);
      await providers.ask(dialect, asking('hello'), { key: 'sk-another' });
      assert.equal(headers.authorization, 'Bearer sk-another');
      assert.equal(headers['x-api-key'], undefined);
      assert.equal(headers.traceparent, undefined);
      assert.equal(headers['accept-encoding'], undefined);
      assert.ok(!JSON.stringify(headers).includes(KEY));
    });

    test(`${dialect}: an abort closes the connection at once, before the headers and in mid-stream`, async () => {
      for (const begin of [() => undefined, (response: ServerResponse) => response.flushHeaders()]) {
        const asked = Promise.withResolvers<IncomingMessage>();
        await using upstream = await serverThat((request, response) => {
          begin(response);
          asked.resolve(request);
        });
        await using providers = testProviders(upstream.url);
        const caller = new AbortController();
        const answer = providers.ask(dialect, asking('hello'), { signal: caller.signal });
        const { socket } = await asked.promise;
        const closed = new Promise((resolve) => socket.once('close', resolve));
        caller.abort();
        await closed;
        assert.equal((await answer).answer, undefined);
      }
    });

    test(`${dialect}: a page of HTML with status 200 is no answer`, async () => {
      await using upstream = await serverThat((_request, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'),
      );
      await using providers = testProviders(upstream.url);
      assert.deepEqual((await providers.ask(dialect, asking('hello'))).fault, { kind: 'malformed' });
    });

    test(`${dialect}: a redirect is not followed`, async () => {
      const paths: (string | undefined)[] = [];
      await using upstream = await serverThat((request, response) => {
        paths.push(request.url);
        response.writeHead(307, { location: '/elsewhere' }).end();
      });
      await using providers = testProviders(upstream.url);
      const { fault } = await providers.ask(dialect, asking('hello'));
      assert.ok(fault?.kind === 'refused' && fault.status === 307);
      assert.equal(paths.length, 1);
    });
  }

  test('a refusal keeps its status, its code and its hint', async () => {
    await using upstream = await serverThat((_request, response) =>
      response
        .writeHead(429, { 'content-type': 'application/json', 'Retry-After': '7' })
        .end('{"error":{"message":"slow","type":"tokens","code":"rate_limit_exceeded"}}'),
    );
    await using providers = testProviders(upstream.url);
    const { fault } = await providers.ask('responses', asking('hello'));
    assert.ok(fault?.kind === 'refused');
    assert.deepEqual([fault.status, fault.retryAfterMs], [429, 7_000]);
    assert.deepEqual(fault.codes, ['rate_limit_exceeded', 'tokens']);
  });

  test('every sign of life is told, also one that means nothing', async () => {
    const more = Promise.withResolvers<ServerResponse>();
    await using upstream = await serverThat((_request, response) => {
      eventStream(response);
      response.write(': ping\n\n');
      more.resolve(response);
    });
    await using providers = testProviders(upstream.url);
    const answer = providers.ask('chat', asking('hello'));
    const response = await more.promise;
    await sleep(50);
    response.write(': ping\n\n');
    await sleep(50);
    response.end(DONE);
    const { told } = await answer;
    assert.ok(told.bytes >= 4, `the headers and three pieces, but told of ${told.bytes}`);
    assert.equal(told.text, '');
  });

  test('no more connections are open at once than are allowed, and whoever waits is served', async () => {
    let open = 0;
    let most = 0;
    await using upstream = await serverThat((_request, response) => {
      open += 1;
      most = Math.max(most, open);
      eventStream(response);
      setTimeout(() => {
        open -= 1;
        response.end(DONE);
      }, 20);
    });
    await using providers = testProviders(upstream.url, 3);
    const asked = await Promise.all(Array.from({ length: 12 }, () => providers.ask('chat', asking('hello'))));
    assert.deepEqual([...new Set(asked.map(({ answer }) => answer?.text))], ['Yes.']);
    assert.equal(most, 3);
  });

  test('a connection that the server closed between two calls costs no answer', async () => {
    await using upstream = await serverThat((_request, response) => {
      eventStream(response);
      response.end(DONE);
    });
    await using providers = testProviders(upstream.url);
    for (let call = 0; call < 3; call++) {
      assert.equal((await providers.ask('chat', asking('hello'))).answer?.text, 'Yes.');
      upstream.server.closeAllConnections();
      await sleep(20);
    }
  });

  test('a connection that cannot be made is told from one that breaks once the request is sent', async () => {
    await using upstream = await serverThat((_request, response) => void response.socket?.destroy());
    await using providers = testProviders(upstream.url);
    assert.deepEqual((await providers.ask('chat', asking('hello'))).fault, { kind: 'reset' });
    upstream.server.close();
    await once(upstream.server, 'close');
    for (const url of [upstream.url, 'http://nobody.invalid']) {
      await using nobody = testProviders(url);
      for (const dialect of DIALECTS)
        assert.deepEqual((await nobody.ask(dialect, asking('hello'))).fault, { kind: 'unreachable' });
    }
  });

  test('a server that is no TLS server was sent nothing', async () => {
    await using upstream = await serverThat((_request, response) => response.end());
    await using providers = testProviders(upstream.url.replace('http:', 'https:'));
    assert.deepEqual((await providers.ask('responses', asking('hello'))).fault, { kind: 'unreachable' });
  });

  test('a refusal is read no further than it is of interest', async () => {
    await using upstream = await serverThat((_request, response) => {
      response.writeHead(500, { 'content-type': 'text/plain' }).write('x'.repeat(128 * 1_024));
    });
    await using providers = testProviders(upstream.url);
    for (const dialect of DIALECTS) {
      const { fault } = await providers.ask(dialect, asking('hello'));
      assert.ok(fault?.kind === 'refused' && fault.status === 500);
      assert.ok(fault.message.length <= 128 * 1_024 + 100);
    }
  });

  test('an answer without an end is malformed', async () => {
    await using upstream = await serverThat((_request, response) => {
      eventStream(response);
      const piece = `: ${'x'.repeat(1_024 * 1_024)}\n\n`;
      const go = (): void => {
        if (!response.destroyed) response.write(piece, go);
      };
      go();
    });
    await using providers = testProviders(upstream.url);
    assert.deepEqual((await providers.ask('chat', asking('hello'))).fault, { kind: 'malformed' });
  });

  test('a body that breaks off is a cut, also that of an answer without a stream', async () => {
    await using upstream = await serverThat((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"data":[', () => response.socket?.destroy());
    });
    await using providers = testProviders(upstream.url);
    assert.deepEqual((await providers.ask('chat', asking('hello'))).fault, { kind: 'cut' });
  });
});
