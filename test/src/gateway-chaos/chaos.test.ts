// The short form of the chaos run: the guarantees on a hundred and fifty calls, and the budget. The long one is main.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spendBudget } from './budget.ts';
import { summedError } from './compare.ts';
import { runChaos } from './run.ts';

test('under random faults every call has one result, and every provider call one attempt in the ledger with the right tokens', async (t) => {
  const calls = 150;
  const { once, moreThanOnce, comparison, completed, failed } = await runChaos({ calls, seed: 7 });
  t.diagnostic(
    `${completed} answered, failed ${JSON.stringify(failed)}, ${comparison.estimated} estimated with a summed error of ${(100 * summedError(comparison)).toFixed(1)} %`,
  );
  assert.deepEqual([once, moreThanOnce], [calls, 0]);
  const { unbooked, unended, wrong } = comparison;
  assert.deepEqual({ unbooked, unended, wrong }, { unbooked: 0, unended: 0, wrong: 0 });
  assert.ok(comparison.exact >= completed && comparison.estimated > 0, JSON.stringify(comparison));
});

test('a budget is never overrun by concurrency: who finds no room is refused with budget_exceeded', async () => {
  const { settledNanoUsd, limitNanoUsd, refused, others, completed } = await spendBudget();
  assert.ok(settledNanoUsd <= limitNanoUsd, `${settledNanoUsd} of ${limitNanoUsd}`);
  assert.equal(others, 0);
  assert.ok(refused > 0 && completed > 0, `${completed} answered, ${refused} refused`);
});
