// The scorecard on a fast clock: every scenario passes once, the dialects taking turns; `npm run scorecard` plays each of them in all
// of its dialects. What is judged is order and counts; how long things took is printed and never judged. An entry that does not pass is
// played once more when the others are done, on a slower clock: a machine too busy for the fast one passes then, a fault does not.
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
/** A busy machine mostly keeps the shortest of the gateway's times then, a second until an answer begins. */
const SCALE = 0.2;
const LANES = 6;
const SLOWER_SCALE = 0.6;

suite('the scorecard', { timeout: 600_000 }, () => {
  const verdicts = all.map(() => Promise.withResolvers<Result>());
  const running = runAll(all, {
    ...{ lanes: LANES, scale: SCALE },
    onResult: (result, place) => verdicts[place]?.resolve(result),
  });
  running.catch((error: unknown) => verdicts.forEach(({ reject }) => reject(error)));
  after(() => running);

  async function playAgain(entry: Entry): Promise<Result> {
    await running;
    const [result] = await runAll([entry], { lanes: 1, scale: SLOWER_SCALE });
    return result!;
  }

  for (const [place, entry] of all.entries()) {
    const { scenario, dialect } = entry;
    test(`${scenario.id} (${dialect}): ${scenario.title}`, async (context) => {
      const first = await verdicts[place]!.promise;
      context.diagnostic(`${first.caller} | ${first.provider} | ${first.ms} ms`);
      const result = isGood(first) ? first : await playAgain(entry);
      assert.ok(isGood(result), `${result.verdict}: ${result.caller} | ${result.provider}`);
    });
  }
});
