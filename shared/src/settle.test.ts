// The table of what becomes of a failed delivery.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContractError, Failure } from '@troupe/contracts';
import { RetryableError, TerminalError } from './errors.ts';
import { settle } from './settle.ts';

const retryable = (retryAfterMs?: number): RetryableError =>
  new RetryableError('not_yet', 'Not yet.', retryAfterMs === undefined ? {} : { retryAfterMs });
const terminal = new TerminalError({ code: 'no_way', message: 'It cannot be.', hint: 'Do without.' });
const bug = new TypeError('x is not a function');

const RETRIED: [what: string, error: unknown, attempt: number, delayMs: number][] = [
  ['a retryable failure at first', retryable(), 1, 100],
  ['a retryable failure again', retryable(), 2, 500],
  ['a retryable failure a third time', retryable(), 3, 2_000],
  ['a retryable failure a fourth time', retryable(), 4, 5_000],
  ['a retryable failure many times', retryable(), 9, 5_000],
  ['a retryable failure that names its delay', retryable(12_345), 1, 12_345],
  ['a retryable failure that wants no delay', retryable(0), 7, 0],
  ['a bug at first', bug, 1, 100],
  ['a thrown text', 'text', 3, 2_000],
];
for (const [what, error, attempt, delayMs] of RETRIED) {
  test(`${what} comes again after ${delayMs} ms`, () => {
    assert.deepEqual(settle(error, attempt, 10), { kind: 'retry', delayMs });
  });
}

const BURIED: [what: string, error: unknown, attempt: number, code: string][] = [
  ['a terminal failure at first', terminal, 1, 'no_way'],
  ['a broken contract at first', new ContractError('event 1'), 1, 'contract_broken'],
  ['a retryable failure at the last attempt', retryable(), 10, 'not_yet'],
  ['a retryable failure with a delay, at the last attempt', retryable(5), 10, 'not_yet'],
  ['a bug at the last attempt', bug, 10, 'internal_error'],
  ['a bug beyond the last attempt', bug, 11, 'internal_error'],
  ['nothing at all, thrown at the last attempt', undefined, 10, 'internal_error'],
];
for (const [what, error, attempt, code] of BURIED) {
  test(`${what} is given up with ${code}`, () => {
    const settlement = settle(error, attempt, 10);
    assert.ok(settlement.kind === 'bury');
    assert.equal(settlement.failure.code, code);
    Failure.parse(settlement.failure);
  });
}

test('however long the words of a failure are, what is said of it fits its contract', () => {
  const long = 'x'.repeat(100_000);
  for (const error of [
    new RetryableError('not_yet', long),
    new TerminalError({ code: 'no_way', message: long, hint: long }),
    new ContractError(long),
    new Error(long),
  ]) {
    const settlement = settle(error, 10, 10);
    assert.ok(settlement.kind === 'bury');
    Failure.parse(settlement.failure);
  }
});
