// Fairness as users feel it: a simulated target with a number of places, in simulated time, from seeds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Waiting } from './fair-queue.ts';
import { FairQueue } from './fair-queue.ts';

interface SimulatedCall {
  readonly user: string;
  readonly at: number;
  readonly tokens: number;
  /** What the queue is told beforehand. */
  readonly estimate: number;
}
interface Served extends SimulatedCall {
  readonly startedAt: number;
}

/** A token takes a millisecond. */
function simulate(places: number, arrivals: readonly SimulatedCall[], untilMs = Infinity): Served[] {
  const queue = new FairQueue<SimulatedCall>();
  const events: { at: number; happen: () => void }[] = arrivals.map((call) => ({
    at: call.at,
    happen: () => queue.add({ user: call.user, tokens: call.estimate, startBy: call.at + 60_000, call }),
  }));
  events.sort((one, other) => other.at - one.at);
  const served: Served[] = [];
  let free = places;
  const end = ({ call }: Waiting<SimulatedCall>, at: number, happen: () => void): void => {
    const later = events.findLastIndex((event) => event.at > at + call.tokens);
    events.splice(later + 1, 0, { at: at + call.tokens, happen });
  };
  for (let event = events.pop(); event !== undefined && event.at < untilMs; event = events.pop()) {
    event.happen();
    for (let next = free > 0 ? queue.next() : undefined; next !== undefined; ) {
      const waiting = next;
      free -= 1;
      served.push({ ...waiting.call, startedAt: event.at });
      end(waiting, event.at, () => {
        free += 1;
        queue.over(waiting, waiting.call.tokens);
      });
      next = free > 0 ? queue.next() : undefined;
    }
  }
  return served;
}

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Calls of 500 to 1,500 tokens that keep `load` times as many places busy as there are, coming at random for ten minutes. */
function traffic(user: string, load: number, places: number, random: () => number): SimulatedCall[] {
  const arrivals: SimulatedCall[] = [];
  for (let at = 0; at < 600_000; at += (-Math.log(1 - random()) * 1_000) / (load * places)) {
    const tokens = 500 + Math.floor(1_000 * random());
    // What is asked for is a bound, and mostly far above what comes.
    arrivals.push({ user, at, tokens, estimate: Math.ceil(tokens * (0.5 + 50 * random())) });
  }
  return arrivals;
}

const SLOWEST_CALL_MS = 1_500;
const p95WaitOf = (user: string, served: readonly Served[]): number => {
  const waits = served.filter((call) => call.user === user).map(({ at, startedAt }) => startedAt - at);
  return waits.toSorted((one, other) => one - other)[Math.floor(waits.length * 0.95)] ?? Infinity;
};

for (const [places, seed] of [4, 16, 64].flatMap((count) =>
  [11, 12, 13].map((from) => [count, from] as const),
))
  test(`a user at 10 % of ${places} places hardly notices another who floods them tenfold (seed ${seed})`, () => {
    const quiet = traffic('b', 0.1, places, randomFrom(seed));
    const flood = traffic('a', 10, places, randomFrom(seed + 100)).slice(0, 20_000);
    const solo = p95WaitOf('b', simulate(places, quiet));
    const beside = p95WaitOf('b', simulate(places, [...quiet, ...flood], flood.at(-1)?.at));
    assert.ok(beside <= 2 * solo + SLOWEST_CALL_MS, `${beside} ms, alone ${solo} ms`);
  });

const jain = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) ** 2 /
  (values.length * values.reduce((sum, value) => sum + value * value, 0));

test('two users who both want more than there is get the same tokens, whatever their calls are like', () => {
  const saturating = (user: string, tokens: number, estimate: number): SimulatedCall[] =>
    Array.from({ length: 4_000 }, () => ({ user, at: 0, tokens, estimate }));
  const shapes = [
    [saturating('a', 200, 200), saturating('b', 4_000, 4_000)],
    [saturating('a', 1_000, 30_000), saturating('b', 1_000, 1_000)],
    [saturating('a', 300, 300), saturating('b', 3_000, 1_000)],
  ];
  for (const shape of shapes) {
    const served = simulate(8, shape.flat(), 90_000);
    const tokensOf = (user: string): number =>
      served.reduce((sum, call) => sum + (call.user === user ? call.tokens : 0), 0);
    const index = jain([tokensOf('a'), tokensOf('b')]);
    assert.ok(index >= 0.95, `${index}`);
  }
});
