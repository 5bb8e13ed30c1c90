import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

function budgetAt(): { budget: RetryBudget; pass: (ms: number) => void } {
  let now = 1_000_000;
  const budget = new RetryBudget(10_000, () => now);
  return { budget, pass: (ms) => (now += ms) };
}

/** Retries that the budget allows now, all of them made. */
function retriesIn(budget: RetryBudget): number {
  let made = 0;
  for (; budget.allows; made += 1) budget.retried();
  return made;
}

test('a quiet target allows five retries', () => {
  assert.equal(retriesIn(budgetAt().budget), 5);
});

test('a busy one allows one more for every ten requests of the last ten seconds', () => {
  const { budget } = budgetAt();
  for (let request = 0; request < 100; request += 1) budget.requested();
  assert.equal(retriesIn(budget), 15);
});

test('requests and retries are forgotten after the window', () => {
  const { budget, pass } = budgetAt();
  for (let request = 0; request < 100; request += 1) budget.requested();
  retriesIn(budget);
  pass(5_000);
  assert.equal(budget.allows, false);
  pass(5_000);
  assert.equal(retriesIn(budget), 5);
});

test('what was counted at different times is forgotten at different times', () => {
  const { budget, pass } = budgetAt();
  budget.retried();
  pass(6_000);
  for (let retry = 0; retry < 4; retry += 1) budget.retried();
  assert.equal(budget.allows, false);
  pass(4_000);
  assert.equal(retriesIn(budget), 1, 'the first one is forgotten');
});
