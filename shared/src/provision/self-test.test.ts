// The comparison with what is declared, as pure functions; against a real server it is tested in test/.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NatsConnection } from 'nats';
import { StartupError } from '../errors.ts';
import type { DeclaredStream } from './declared.ts';
import { declaredStreams, LOG_STREAM } from './declared.ts';
import { checkServer, compareStream, isOlder } from './self-test.ts';

const VERSIONS: [version: string, minimum: string, older: boolean][] = [
  ['2.15.0', '2.15.0', false],
  ['2.15.1', '2.15.0', false],
  ['2.16.0', '2.15.9', false],
  ['3.0.0', '2.15.0', false],
  ['2.15', '2.15.0', false],
  ['2.15.0-beta.2', '2.15.0', false],
  ['2.14.99', '2.15.0', true],
  ['2.9.10', '2.15.0', true],
  ['1.99.99', '2.15.0', true],
  ['2.15.0', '2.15.1', true],
  ['', '2.15.0', true],
  ['unknown', '2.15.0', true],
  ['v2.15.0', '2.15.0', true],
];
for (const [version, minimum, older] of VERSIONS) {
  test(`nats-server "${version}" is ${older ? '' : 'not '}older than ${minimum}`, () => {
    assert.equal(isOlder(version, minimum), older);
  });
}

const connectedTo = (info: object | undefined): NatsConnection => ({ info }) as unknown as NatsConnection;

test('a server that is too old, tells an older API level, or tells nothing is refused with what to run', () => {
  for (const info of [
    { version: '2.14.9', api_lvl: 5 },
    { version: '2.15.1', api_lvl: 2 },
    { version: '2.15.1' },
    undefined,
  ]) {
    assert.throws(
      () => checkServer(connectedTo(info)),
      (error: unknown) => error instanceof StartupError && error.failure.code === 'server_too_old',
    );
  }
  checkServer(connectedTo({ version: '2.15.1', api_lvl: 5 }));
});

const declared = declaredStreams().find(({ name }) => name === LOG_STREAM) as DeclaredStream;

test('a stream that is as declared, or differs in what an operator may set, shows no difference', () => {
  assert.deepEqual(compareStream(declared, { ...declared }), []);
  assert.deepEqual(compareStream(declared, { ...declared, num_replicas: 3, max_bytes: 1, max_age: 5 }), []);
  const reordered = [...declared.subjects].reverse();
  assert.deepEqual(compareStream(declared, { ...declared, subjects: reordered, unheard_of: true }), []);
});

test('a difference names the stream, the setting, what it is and what it should be', () => {
  const [difference, ...others] = compareStream(declared, { ...declared, discard: 'old' });
  assert.deepEqual(others, []);
  assert.match(difference ?? '', /AGENTS: discard is "old", declared "new"/);
});
