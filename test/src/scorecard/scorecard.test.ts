// The whole scorecard on a fast clock: every scenario passes, in each of its dialects. What is judged is order and counts; how long
// things took is printed and never judged.
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { runAll } from './lanes.ts';
import { isGood } from './report.ts';
import type { Result } from './scenario.ts';
import { entries } from './scenarios/all.ts';

const all = entries();
/** Slow enough for a busy machine to keep the shortest of the gateway's times, a second until an answer begins. */
const SCALE = 0.2;
const LANES = 6;

suite('the scorecard', { timeout: 300_000 }, () => {
  const verdicts = all.map(() => Promise.withResolvers<Result>());
  const running = runAll(all, {
    ...{ lanes: LANES, scale: SCALE },
    onResult: (result, place) => verdicts[place]?.resolve(result),
  });
  running.catch((error: unknown) => verdicts.forEach(({ reject }) => reject(error)));
  after(() => running);

  for (const [place, { scenario, dialect }] of all.entries()) {
    test(`${scenario.id} (${dialect}): ${scenario.title}`, async (context) => {
      const result = await verdicts[place]!.promise;
      context.diagnostic(`${result.caller} | ${result.provider} | ${result.ms} ms`);
      assert.ok(isGood(result), `${result.verdict}: ${result.caller} | ${result.provider}`);
    });
  }
});
