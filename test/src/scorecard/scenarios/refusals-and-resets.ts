// S01–S05: errors before an answer begins. Retried where that helps, no sooner than asked for, and then left to the fallback.
import { callsSeen, eachAtLeast, GOAL, pauses, servedWhole, wordsFor } from '../evidence.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';

const dialects = ['responses', 'messages'] as const;

/** Fails once, then is well: the primary has to answer, with one retry no sooner than `waitSeconds`. */
const failsOnce =
  (then: (world: World) => object, waitSeconds = 0) =>
  async (world: World): Promise<Judgement> => {
    await world.primary.once(then(world));
    const outcome = await world.outcomeOf(await world.ask(GOAL));
    const { first, second, words } = await callsSeen(world);
    return judge({
      caller: wordsFor(outcome),
      provider: `${words}; pause ${pauses(first).join(', ')} ms`,
      served: servedWhole(outcome, world.primary),
      conduct: {
        'one retry': first.length === 2,
        'no fallback': second.length === 0,
        'no sooner than asked for': eachAtLeast(pauses(first), [world.ms(waitSeconds * 1_000)]),
      },
    });
  };

/** Fails for good: the fallback has to answer after a bounded number of retries. */
const failsForGood =
  (then: (world: World) => object, waitSeconds = 0) =>
  async (world: World): Promise<Judgement> => {
    await world.primary.always(then(world));
    const outcome = await world.outcomeOf(await world.ask(GOAL));
    const { first, second, words } = await callsSeen(world);
    const least = pauses(first).map(() => world.ms(waitSeconds * 1_000));
    return judge({
      caller: wordsFor(outcome),
      provider: `${words}; pauses ${pauses(first).join(', ')} ms`,
      served: servedWhole(outcome, world.fallback),
      conduct: {
        'at most 3 retries': first.length <= 4,
        'fallback asked once': second.length === 1,
        'no sooner than asked for': eachAtLeast(pauses(first), least),
      },
    });
  };

const rateLimit = (world: World): object => ({
  kind: 'known_error',
  error: 'rate_limit',
  headers: { 'retry-after': world.seconds(2) },
});

export const refusalsAndResets: readonly Scenario[] = [
  { id: 'S01', title: '429 with Retry-After, once', dialects, run: failsOnce(rateLimit, 2) },
  { id: 'S02', title: '429 with Retry-After, for good', dialects, run: failsForGood(rateLimit, 2) },
  { id: 'S03', title: '500, once', dialects, run: failsOnce(() => ({ kind: 'error', status: 500 })) },
  { id: 'S04', title: '503, for good', dialects, run: failsForGood(() => ({ kind: 'error', status: 503 })) },
  { id: 'S05', title: 'connection reset, once', dialects, run: failsOnce(() => ({ kind: 'reset' })) },
];
