import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, parseAllowed, unusableUrl } from './egress.ts';

test('Only absolute http and https URLs without credentials are usable, and each refusal says why.', () => {
  for (const url of ['http://example.com', 'https://example.com:8443/a?b#c', 'HTTP://EXAMPLE.com'])
    assert.equal(unusableUrl(url), undefined, url);
  const refused = [
    ['', /absolute/],
    ['/order', /absolute/],
    ['example.com', /absolute/],
    ['http://', /absolute/],
    ['http://999.1.1.1/', /absolute/],
    ['file:///etc/passwd', /http:/],
    ['javascript:alert(1)', /http:/],
    ['data:text/html,hi', /http:/],
    ['ftp://example.com', /http:/],
    ['view-source:http://example.com', /http:/],
    ['chrome://version', /http:/],
    ['http://ann@example.com', /user name/],
    ['https://ann:secret@example.com', /user name/],
    ['http://:secret@example.com', /user name/],
  ] as const;
  for (const [url, why] of refused) assert.match(unusableUrl(url) ?? 'usable', why, url);
});

test('The allow list takes hosts with a port and ranges, in any spelling of the host.', () => {
  const { hosts, cidrs } = parseAllowed(
    ' localhost:8080, 10.1.0.0/16 ,LocalHost.:81,[::1]:90,2130706433:70, fd00::/8,',
  );
  assert.deepEqual([...hosts], ['localhost:8080', 'localhost:81', '[::1]:90', '127.0.0.1:70']);
  assert.deepEqual(cidrs, ['10.1.0.0/16', 'fd00::/8']);
});

test('An entry of the allow list that is neither is refused by name.', () => {
  for (const entry of [
    'localhost',
    'http://localhost:80',
    'a b:80',
    '10.0.0.0/x',
    'localhost:80/path',
    ':80',
  ])
    assert.throws(
      () => parseAllowed(`10.0.0.0/8,${entry}`),
      (error) => String(error).includes(entry),
      entry,
    );
});

test('A destination has one spelling, whatever the case and the dot at the end of its host.', () => {
  assert.equal(destination('Example.COM.', 80), destination('example.com', 80));
});
