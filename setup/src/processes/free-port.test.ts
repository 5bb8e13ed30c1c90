import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { choosePort, freePort } from './free-port.ts';

const portOf = (fraction: number): number => 20_000 + Math.floor(fraction * 12_000);

test('a port that somebody listens on is passed over', async () => {
  let taken = 0.5;
  const other = createServer();
  for (;;) {
    other.listen(portOf(taken), '127.0.0.1');
    const [outcome] = (await Promise.race([once(other, 'listening'), once(other, 'error')])) as [
      Error | undefined,
    ];
    if (outcome === undefined) break;
    taken += 0.001;
  }
  const fractions = [taken, taken, 0.9];
  const port = await freePort(() => fractions.shift() ?? 0.91);
  assert.notEqual(port, (other.address() as AddressInfo).port);
  assert.ok(port >= portOf(0.9));
  other.close();
});

test('every port it gives is below those of outgoing connections', async () => {
  assert.ok((await freePort(() => 0.999999)) < 32_768);
});

test('a port that is wanted and free is the one that is used', async () => {
  const port = await freePort();
  assert.equal(await choosePort(port), port);
});
