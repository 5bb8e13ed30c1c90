import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failures } from './failures.ts';

const seen = (lines: readonly string[]): Failures => {
  const failures = new Failures();
  for (const line of lines) failures.see(line);
  return failures;
};

const RUN = [
  '@x/a: ✔ one',
  '@x/b: ✖ two (3 ms)',
  '@x/b: ℹ fail 2',
  '\u001b[31m@x/b: ✖ failing tests:\u001b[39m',
  '@x/a: ✔ three',
  '@x/b: test at src/some/two.test.ts:60:1',
  '@x/b: ✖ two (3 ms)',
  '@x/b:   AssertionError: it was not',
  '@x/b: test at src/some/two.test.ts:80:1',
  '@x/b: ✖ three (3 ms)',
  'Failed tasks:',
  '- @x/b:test',
];

test('what a package says of its failures is kept apart from what the others print meanwhile', () => {
  assert.deepEqual(seen(RUN).lines, [
    '@x/b: ✖ failing tests:',
    '@x/b: test at src/some/two.test.ts:60:1',
    '@x/b: ✖ two (3 ms)',
    '@x/b:   AssertionError: it was not',
    '@x/b: test at src/some/two.test.ts:80:1',
    '@x/b: ✖ three (3 ms)',
  ]);
});

test('each file in which something failed is named once, with its package', () => {
  assert.deepEqual(seen(RUN).files, ['b/src/some/two.test.ts']);
});

test('a package that failed without naming a test leaves open what to run again', () => {
  assert.equal(seen([...RUN, '- @x/c:test']).files, undefined);
});

test('a package with very many failures does not bury what comes behind, and names all of its files', () => {
  const many = Array.from({ length: 1_000 }, (_, at) => `@x/a: test at src/${at}.test.ts:1:1`);
  const failures = seen(['@x/a: ✖ failing tests:', ...many]);
  assert.equal(failures.lines.length, 120);
  assert.equal(failures.files?.length, 1_000);
});
