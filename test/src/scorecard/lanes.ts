// Runs scenarios side by side: each lane has two providers and takes one scenario after the other, every one in a world of its own.
import { startSimulator, TOKEN_CHARS } from '../../../services/llm-gateway/src/test-support/simulator.ts';
import type { Judgement, Result, Scenario } from './scenario.ts';
import type { Dialect } from './world.ts';
import { openWorld } from './world.ts';

export interface Entry {
  readonly scenario: Scenario;
  readonly dialect: Dialect;
}

export interface Running {
  readonly lanes: number;
  readonly scale: number;
  /** `place`: of its entry among the entries. */
  readonly onResult?: (result: Result, place: number) => void;
}

/** The results in the order of the entries. A scenario that throws has failed. */
export async function runAll(
  entries: readonly Entry[],
  { lanes, scale, onResult }: Running,
): Promise<Result[]> {
  const results = new Map<Entry, Result>();
  const waiting = [...entries];
  const lane = async (): Promise<void> => {
    await using primary = await startSimulator({ deltaChars: TOKEN_CHARS });
    await using fallback = await startSimulator({ deltaChars: TOKEN_CHARS });
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      const { scenario, dialect } = entry;
      const startedAt = performance.now();
      const judgement = await judgementOf(async () => {
        const { gateways = 1, settings } = scenario;
        const providers = { primary, fallback };
        await using world = await openWorld({ dialect, scale, providers, gateways, settings });
        return await scenario.run(world);
      });
      const result = {
        scenario: scenario.id,
        title: titleOf(entry),
        dialect,
        ...judgement,
        ms: Math.round(performance.now() - startedAt),
      };
      results.set(entry, result);
      onResult?.(result, entries.indexOf(entry));
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, entries.length) }, lane));
  return entries.flatMap((entry) => results.get(entry) ?? []);
}

async function judgementOf(run: () => Promise<Judgement>): Promise<Judgement> {
  try {
    return await run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { verdict: 'fail', caller: `the scenario could not be played: ${reason}`, provider: '' };
  }
}

const titleOf = ({ scenario, dialect }: Entry): string => {
  const nearest = scenario.nearest?.[dialect];
  return nearest === undefined ? scenario.title : `${scenario.title} (${nearest})`;
};
