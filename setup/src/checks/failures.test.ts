import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failures } from './failures.ts';

test('what a package says of its failures is kept apart from what the others print meanwhile', () => {
  const failures = new Failures();
  const lines = [
    'a: ✔ one',
    'b: ✖ two (3 ms)',
    'b: ℹ fail 1',
    '\u001b[31mb: ✖ failing tests:\u001b[39m',
    'a: ✔ three',
    'b: ✖ two (3 ms)',
    'b:   AssertionError: it was not',
    ' NX   Running target test failed',
  ];
  for (const line of lines) failures.see(line);
  assert.deepEqual(failures.lines, [
    'b: ✖ failing tests:',
    'b: ✖ two (3 ms)',
    'b:   AssertionError: it was not',
  ]);
});

test('a package with very many failures does not bury what comes behind', () => {
  const failures = new Failures();
  failures.see('a: ✖ failing tests:');
  for (let line = 0; line < 1_000; line += 1) failures.see(`a: ${line}`);
  assert.equal(failures.lines.length, 120);
});
