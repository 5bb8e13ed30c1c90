// The scorecard on a fast clock: every scenario passes once, the dialects taking turns; `npm run scorecard` plays each of them in all
// of its dialects. What is judged is order and counts; how long things took is printed and never judged.
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import type { Entry } from './lanes.ts';
import { runAll } from './lanes.ts';
import { isGood } from './report.ts';
import type { Result } from './scenario.ts';
import { entries } from './scenarios/all.ts';

/** Of the entries of each scenario the one whose dialect was played least so far. */
function onceEach(given: readonly Entry[]): Entry[] {
  const played: Entry[] = [];
  const times = ({ dialect }: Entry): number => played.filter((other) => other.dialect === dialect).length;
  for (const [first, ...others] of Map.groupBy(given, ({ scenario }) => scenario).values())
    played.push(others.reduce((least, next) => (times(next) < times(least) ? next : least), first!));
  return played;
}

const all = onceEach(entries());
/** Slow enough for a busy machine to keep the shortest of the gateway's times, a second until an answer begins. */
const SCALE = 0.2;
const LANES = 6;

suite('the scorecard', { timeout: 600_000 }, () => {
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
