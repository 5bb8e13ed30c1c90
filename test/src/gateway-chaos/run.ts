// A whole run: calls under chaos, then both sides' records laid beside each other.
import type { LedgerRecord } from '@troupe/contracts';
import type { SimulatedCall } from '../../../services/llm-gateway/src/test-support/simulator.ts';
import { until } from '../support/until.ts';
import { attemptsIn } from './books.ts';
import type { Made, Results } from './calls.ts';
import { makeCalls, resultsIn } from './calls.ts';
import type { Call, Comparison } from './compare.ts';
import { compare } from './compare.ts';
import { chaos } from './faults.ts';
import { startStage } from './stage.ts';

export interface ChaosResult extends Results {
  readonly calls: number;
  readonly seed: number;
  readonly seconds: number;
  readonly completed: number;
  /** By the code that the caller got. */
  readonly failed: Readonly<Record<string, number>>;
  /** What was done to the provider's calls, by kind; `none`: they were answered as planned. */
  readonly faults: Readonly<Record<string, number>>;
  readonly comparison: Comparison;
}

const AT_ONCE = 48;

export async function runChaos({ calls, seed }: { calls: number; seed: number }): Promise<ChaosResult> {
  await using stage = await startStage();
  await stage.simulator.script(chaos(seed));
  const startedAt = performance.now();
  const made = await makeCalls(stage.kernel, { calls, atOnce: AT_ONCE });
  const seconds = (performance.now() - startedAt) / 1_000;
  const seen = await settled(() => stage.simulator.calls());
  const failures = made.flatMap(({ outcome }) =>
    outcome?.type === 'llm.failed' ? [outcome.data.error.code] : [],
  );
  return {
    calls,
    seed,
    seconds,
    ...(await resultsIn(stage.kernel)),
    completed: made.filter(({ outcome }) => outcome?.type === 'llm.completed').length,
    failed: countsOf(failures),
    faults: countsOf(seen.map(({ scripted }) => scripted ?? 'none')),
    comparison: compare(besideEachOther(made, seen, await attemptsIn(stage.kernel))),
  };
}

/** A provider notices late that somebody has left. */
async function settled(read: () => Promise<readonly SimulatedCall[]>): Promise<readonly SimulatedCall[]> {
  let calls: readonly SimulatedCall[] = [];
  await until('the provider has no call in work', async () => {
    calls = await read();
    return calls.every(({ outcome }) => outcome !== 'open');
  });
  return calls;
}

/** A call's name is the first sentence of what the provider was told. What belongs to no call is a call of its own. */
function besideEachOther(
  made: readonly Made[],
  seen: readonly SimulatedCall[],
  booked: readonly LedgerRecord[],
): Call[] {
  const nameOf = (goal: string): string => goal.slice(0, goal.indexOf('.'));
  const names = new Map<string, string>(made.map(({ request, goal }) => [request, nameOf(goal)]));
  const seenOf = Map.groupBy(seen, ({ goal }) => nameOf(goal));
  const bookedOf = Map.groupBy(booked, ({ request }) => names.get(request) ?? request);
  return [...new Set([...seenOf.keys(), ...bookedOf.keys()])].map((name) => ({
    seen: seenOf.get(name) ?? [],
    booked: bookedOf.get(name) ?? [],
  }));
}

const countsOf = (words: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length] as const).sort(),
  );
