import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { test } from 'node:test';
import { parseAllowed } from '../policy/egress.ts';
import { ToolError } from '../tool.ts';
import type { Resolve } from './guard.ts';
import { createEgressGuard } from './guard.ts';

const answering =
  (...addresses: string[]) =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

const guardOf = (allow = '', resolve: Resolve = answering()) =>
  createEgressGuard({ allowed: parseAllowed(allow), resolve });

async function verdict(guard: ReturnType<typeof guardOf>, url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return guard.addressesOf(hostname, Number(port || 80)).then(
    (addresses) => addresses.map(({ address }) => address).join(),
    (error: unknown) => (error instanceof ToolError ? error.failure.code : Promise.reject(error as Error)),
  );
}

test('An address in any notation that URLs know is judged as the address that it is.', async () => {
  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '0',
    '127.0.0.1.',
    '１２７.0.0.1',
    '127。0。0。1',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[64:ff9b::7f00:1]',
    '169.254.169.254',
    '[fd00:ec2::254]',
  ])
    assert.equal(await verdict(guardOf(), `http://${host}/`), 'egress_refused', host);
});

test('A name is judged by the addresses that it really resolves to.', async () => {
  const guard = guardOf('', (host) => lookup(host, { all: true }));
  for (const host of ['localhost', 'LOCALHOST'])
    assert.equal(await verdict(guard, `http://${host}/`), 'egress_refused', host);
});

test('One forbidden address among the answers refuses the name.', async () => {
  assert.equal(
    await verdict(guardOf('', answering('8.8.8.8', '10.0.0.1')), 'http://mixed.test'),
    'egress_refused',
  );
  assert.equal(
    await verdict(guardOf('', answering('8.8.8.8', '1.1.1.1')), 'http://good.test'),
    '8.8.8.8,1.1.1.1',
  );
});

test('A name is resolved once for one connection, so that a second answer changes nothing.', async () => {
  let asked = 0;
  const guard = guardOf('', () => {
    asked += 1;
    return answering(asked === 1 ? '8.8.8.8' : '127.0.0.1')();
  });
  assert.equal(await verdict(guard, 'http://rebinding.test'), '8.8.8.8');
  assert.equal(asked, 1);
  assert.equal(await verdict(guard, 'http://rebinding.test'), 'egress_refused');
});

test('A name without an address is unreachable, not refused.', async () => {
  assert.equal(await verdict(guardOf(), 'http://nowhere.test'), 'host_unreachable');
  const broken = guardOf('', () => Promise.reject(new Error('SERVFAIL')));
  assert.equal(await verdict(broken, 'http://nowhere.test'), 'host_unreachable');
});

test('What the operator allows is that host at that port, or that range, and nothing beside it.', async () => {
  const guard = guardOf('127.0.0.1:8080,shop.test:80,10.1.0.0/16', answering('10.1.2.3'));
  assert.equal(await verdict(guard, 'http://127.0.0.1:8080'), '127.0.0.1');
  assert.equal(await verdict(guard, 'http://127.0.0.1:8081'), 'egress_refused');
  assert.equal(await verdict(guard, 'http://localhost:8080'), '10.1.2.3');
  assert.equal(await verdict(guard, 'http://10.1.9.9:5000'), '10.1.9.9');
  assert.equal(await verdict(guard, 'http://10.2.0.1'), 'egress_refused');
  const shop = guardOf('shop.test:80', answering('192.168.0.9'));
  assert.equal(await verdict(shop, 'http://SHOP.test./'), '192.168.0.9');
  assert.equal(await verdict(shop, 'http://shop.test:81'), 'egress_refused');
  assert.equal(await verdict(shop, 'http://other.test'), 'egress_refused');
});

test('A refusal says what the address is and how the operator may allow it.', async () => {
  await assert.rejects(guardOf('', answering('10.0.0.1')).addressesOf('intra.test', 80), {
    failure: {
      code: 'egress_refused',
      message: 'intra.test:80 may not be visited: it is 10.0.0.1, a private address.',
      hint: 'Use a public address; the operator may allow this one with AGENT_EGRESS_ALLOW=intra.test:80.',
    },
  });
});
