// Rounds of repetitions, path after path and concurrency after concurrency, so that what else the machine does falls on all of
// them alike; and the check that the provider answered exactly the calls that were made.
import type { Path, Concurrency } from './paths.ts';
import { CONCURRENCIES } from './paths.ts';
import type { System } from './system.ts';

export interface Repetition {
  readonly path: Path;
  readonly concurrency: Concurrency;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By name of the process, in ms per call; undefined where the system does not tell. */
  readonly cpuMs: ReadonlyMap<string, number> | undefined;
}

export interface Rounds {
  readonly paths: readonly Path[];
  readonly rounds: number;
  readonly seconds: number;
  readonly report: (line: string) => void;
}

const WARM_UP = { concurrency: 32, times: 2 } as const;

/** Warms up (dropped), then measures. Throws if a call failed, was repeated or got lost. */
export async function measureRounds(
  system: System,
  { paths, rounds, seconds, report }: Rounds,
): Promise<Repetition[]> {
  const repetitions: Repetition[] = [];
  let calls = 0;
  for (let i = 0; i < WARM_UP.times; i += 1)
    for (const path of paths)
      calls += (await system.drive({ path, concurrency: WARM_UP.concurrency, seconds: seconds / 2 })).calls;
  for (let round = 1; round <= rounds; round += 1)
    for (const concurrency of CONCURRENCIES)
      for (const path of paths) {
        const before = await system.cpu();
        const driven = await system.drive({ path, concurrency, seconds });
        const after = await system.cpu();
        calls += driven.calls;
        const repetition: Repetition = {
          path,
          concurrency,
          perSecond: driven.calls / driven.seconds,
          p50Ms: driven.p50Ms,
          p99Ms: driven.p99Ms,
          cpuMs: before && after && perCall(before, after, driven.calls),
        };
        repetitions.push(repetition);
        report(`round ${round}, ${concurrency} in flight: ${told(repetition)}`);
      }
  const answered = await system.answered();
  if (answered !== calls) throw new Error(`${calls} calls were made; the provider answered ${answered}`);
  return repetitions;
}

type Used = ReadonlyMap<string, number>;

const perCall = (before: Used, after: Used, calls: number): Used =>
  new Map([...after].map(([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / calls]));

function told({ path, perSecond, p50Ms, p99Ms, cpuMs }: Repetition): string {
  const cpu = [...(cpuMs ?? [])].map(([name, ms]) => `${name} ${ms.toFixed(2)}`).join(', ');
  return `${path} ${perSecond.toFixed(0)}/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, CPU ms per call: ${cpu}`;
}
