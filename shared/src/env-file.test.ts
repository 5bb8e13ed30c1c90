import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseEnvFile } from './env-file.ts';
import { StartupError } from './errors.ts';

const read = (text: string): Record<string, string> => ({ ...parseEnvFile(text, '.env') });

test('assignments, quotes, comments and blank lines are what people write in such files', () => {
  const text = [
    '# a comment',
    '',
    'PLAIN=value',
    'SPACED = value # and a comment',
    'export EXPORTED=1',
    'EMPTY=',
    `SINGLE='a # b'`,
    'DOUBLE="first\\nsecond"',
    'MANY="one',
    'two=2',
    'three" # end',
    'LAST=`back`',
  ].join('\r\n');
  assert.deepEqual(read(text), {
    PLAIN: 'value',
    SPACED: 'value',
    EXPORTED: '1',
    EMPTY: '',
    SINGLE: 'a # b',
    DOUBLE: 'first\nsecond',
    MANY: 'one\ntwo=2\nthree',
    LAST: 'back',
  });
});

const MALFORMED: [text: string, line: number][] = [
  ['A=1\nhidden', 2],
  ['A=1\n\n# c\n=hidden', 4],
  ['1A=hidden', 1],
  ['A B=hidden', 1],
  ['A="one\ntwo"\nB: hidden', 3],
  ['A=1\nB="hidden\nC=2', 2],
];
for (const [text, line] of MALFORMED) {
  test(`${JSON.stringify(text)} is refused for its line ${line}, without telling what stands there`, () => {
    assert.throws(
      () => read(text),
      (error) =>
        error instanceof StartupError &&
        error.failure.code === 'invalid_env_file' &&
        error.failure.message.startsWith(`.env: line ${line} `) &&
        !error.message.includes('hidden'),
    );
  });
}

test('whatever the text, it is read without losing a line, or refused by the number of a line', () => {
  const line = fc.oneof(
    fc.stringMatching(/^[A-Z]{1,3}=[a-z'"` #=]{0,8}$/),
    fc.stringMatching(/^#? ?[a-z"'=]{0,6}$/),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      try {
        read(lines.join('\n'));
      } catch (error) {
        assert.ok(error instanceof StartupError);
        const [, number] = /^\.env: line (\d+) /.exec(error.failure.message) ?? [];
        assert.ok(Number(number) >= 1 && Number(number) <= lines.length);
      }
    }),
  );
});
