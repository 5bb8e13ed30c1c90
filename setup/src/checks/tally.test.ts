import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tallied } from './tally.ts';

const start = { passed: 0, failed: 0 };
const mark = String.fromCodePoint(0x2139);

test('the closing lines of several runs add up, whatever stands before them and in whatever colour', () => {
  const lines = [
    `${mark} pass 3`,
    `${mark} fail 0`,
    `[shared] ${mark} pass 20`,
    `\u001b[34m${mark} fail 2\u001b[39m`,
    `${mark} cancelled 1`,
    `${mark} skipped 7`,
  ];
  assert.deepEqual(lines.reduce(tallied, start), { passed: 23, failed: 3 });
});

test('other lines count nothing', () => {
  const lines = ['pass 3', `a test about "${mark} pass 3 times"`, '', `✔ bypass 4`];
  assert.deepEqual(lines.reduce(tallied, start), start);
});
