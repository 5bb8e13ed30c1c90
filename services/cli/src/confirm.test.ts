import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { confirmed } from './confirm.ts';

const { signal } = new AbortController();

for (const [answer, expected] of [
  ['y\n', true],
  [' YES \n', true],
  ['\n', false],
  ['n\n', false],
  ['yesterday\n', false],
] as const) {
  test(`${JSON.stringify(answer)} is ${expected ? 'a yes' : 'no yes'}`, async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const asked = confirmed('Go on?', { input, output, signal });
    input.write(answer);
    assert.equal(await asked, expected);
    assert.equal(String(output.read()), 'Go on? [y/N] ');
  });
}

test('the end of the input is no yes', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const asked = confirmed('Go on?', { input, output, signal });
  input.end();
  assert.equal(await asked, false);
});

test('an interruption ends the question', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const interruption = new AbortController();
  const asked = confirmed('Go on?', { input, output, signal: interruption.signal });
  interruption.abort(new Error('SIGINT'));
  await assert.rejects(asked, /SIGINT/);
});
