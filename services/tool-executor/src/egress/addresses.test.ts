import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rangeOf, whatIsForbidden } from './addresses.ts';

const FORBIDDEN = [
  ['0.0.0.0', 'this machine'],
  ['10.0.0.1', 'private'],
  ['100.64.0.1', 'carrier-grade'],
  ['100.127.255.255', 'carrier-grade'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['168.63.129.16', 'cloud'],
  ['169.254.169.254', 'metadata'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.0.0.170', 'protocol'],
  ['192.0.2.1', 'documentation'],
  ['192.168.1.1', 'private'],
  ['198.18.0.1', 'benchmarking'],
  ['198.51.100.7', 'documentation'],
  ['203.0.113.9', 'documentation'],
  ['224.0.0.1', 'multicast'],
  ['255.255.255.255', 'reserved'],
  ['::', 'public'],
  ['::1', 'public'],
  ['fc00::1', 'public'],
  ['fd00:ec2::254', 'public'],
  ['fe80::1', 'public'],
  ['fe80::1%eth0', 'public'],
  ['ff02::1', 'public'],
  ['2001::1', 'tunnel'],
  ['2001:db8::1', 'documentation'],
  ['2002:7f00:1::', 'tunnel'],
  ['3fff::1', 'documentation'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['0:0:0:0:0:ffff:169.254.169.254', 'metadata'],
  ['64:ff9b::10.0.0.1', 'private'],
  ['64:ff9b::a00:1', 'private'],
  ['64:ff9b::', 'this machine'],
  ['64:ff9b:1::a00:1', 'public'],
  ['::127.0.0.1', 'public'],
  ['example.com', 'no address'],
  ['2130706433', 'no address'],
  ['', 'no address'],
] as const;

test('Every address that is not on the public internet is named for what it is.', () => {
  for (const [address, what] of FORBIDDEN)
    assert.match(whatIsForbidden(address) ?? 'public', RegExp(what), address);
});

test('Addresses of the public internet are not forbidden, also where they embed an IPv4 address.', () => {
  for (const address of [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
  ])
    assert.equal(whatIsForbidden(address), undefined, address);
});

test('An IPv4 address is judged the same however IPv6 embeds it.', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const what = whatIsForbidden(address);
      assert.equal(whatIsForbidden(`::ffff:${address}`), what);
      assert.equal(whatIsForbidden(`64:ff9b::${address}`), what);
    }),
  );
});

test('A range has its addresses of its own version and no others.', () => {
  assert.equal(rangeOf('10.1.0.0/16').has('10.1.255.255'), true);
  assert.equal(rangeOf('10.1.0.0/16').has('10.2.0.0'), false);
  assert.equal(rangeOf('10.1.0.0/16').has('::ffff:10.1.0.1'), false);
  assert.equal(rangeOf('fd00::/8').has('fdff::1'), true);
  for (const none of ['10.0.0.0/33', 'fd00::/129', 'example.com/8', '/8', '10.0.0.0'])
    assert.throws(() => rangeOf(none), TypeError, none);
});
