// The calls: each a run of its own with one request, so many at once, and what came of them. Whether each has exactly one result is
// read from the log, not from what was heard.
import type { DataOf, EventId } from '@troupe/contracts';
import { typeFilter } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { LOG_STREAM } from '@troupe/shared';
import type { Outcome } from '../scorecard/caller.ts';
import { createCaller } from '../scorecard/caller.ts';

export interface Made {
  /** What the provider is told, which is how its calls are recognized. */
  readonly goal: string;
  readonly request: EventId;
  /** Undefined: none within the patience. */
  readonly outcome: Outcome | undefined;
}

export interface Wanted {
  readonly calls: number;
  readonly atOnce: number;
  readonly asked?: Partial<DataOf<'llm.requested'>>;
}

const PATIENCE_MS = 60_000;
/** A prompt of some length, since what is estimated about one hardly differs from what it is only then. */
const TASK =
  'Compare the parts, the hours and the travel on the invoice with the offer, and tell me what differs. '.repeat(
    8,
  );

/** The goal of call number `n`: its name comes first, since the simulator's record keeps only the beginning. */
export const goalOf = (n: number): string => `Call ${n}. ${TASK}`;

export async function makeCalls(kernel: Kernel, { calls, atOnce, asked = {} }: Wanted): Promise<Made[]> {
  using caller = createCaller(kernel, PATIENCE_MS);
  const made: Made[] = [];
  let next = 0;
  const keepCalling = async (): Promise<void> => {
    while (next < calls) {
      next += 1;
      const goal = goalOf(next);
      const request = await caller.ask(goal, asked);
      made.push({ goal, request, outcome: await caller.outcomeOf(request) });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, calls) }, keepCalling));
  return made;
}

export interface Results {
  /** Runs whose log holds exactly one result. */
  readonly once: number;
  readonly moreThanOnce: number;
}

/** As the log has them. */
export async function resultsIn(kernel: Kernel): Promise<Results> {
  const manager = await kernel.connection.jetstreamManager();
  const ofRun = new Map<string, number>();
  for (const type of ['llm.completed', 'llm.failed'] as const) {
    const { state } = await manager.streams.info(LOG_STREAM, { subjects_filter: typeFilter(type) });
    for (const [subject, count] of Object.entries(state.subjects ?? {})) {
      const run = subject.split('.').slice(4).join('.');
      ofRun.set(run, (ofRun.get(run) ?? 0) + count);
    }
  }
  const counts = [...ofRun.values()];
  return {
    once: counts.filter((count) => count === 1).length,
    moreThanOnce: counts.filter((count) => count > 1).length,
  };
}
