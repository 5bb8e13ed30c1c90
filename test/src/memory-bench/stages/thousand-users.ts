// Many users with a few records each: what Chroma and memory hold open for them, and how long the first search of each takes after both
// began anew, and the next one.
import { percentile } from '../../bench/statistics.ts';
import { report } from '../../support/command.ts';
import { recordsIn } from '../count.ts';
import type { Options } from '../options.ts';
import { openStore, putDirectly, userOf } from '../records.ts';
import type { Resources } from '../resources.ts';
import type { System } from '../system.ts';
import { startSystem } from '../system.ts';
import { queryFor } from '../texts.ts';

export const MOMENTS = ['empty', 'filled', 'begun_anew', 'all_searched'] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ThousandUsers {
  /** Undefined where the system does not tell. */
  readonly resources: Readonly<Record<Moment, Readonly<Record<'chroma' | 'memory', Resources>> | undefined>>;
  /** The first search of each user. */
  readonly cold: Latency;
  /** The second. */
  readonly warm: Latency;
}

const USERS = 1_000;
const RECORDS = 3 * USERS;

export async function measureThousandUsers({ profileDir }: Options): Promise<ThousandUsers> {
  await using system = await startSystem({ profileDir });
  const empty = await system.resources();
  report(`${USERS} users: storing ${RECORDS} records …`);
  await putDirectly(openStore(system), { from: 0, to: RECORDS, users: USERS });
  const stored = await recordsIn(system.chromaUrl);
  if (stored !== RECORDS) throw new Error(`${RECORDS} records were written; Chroma holds ${stored}`);
  const filled = await system.resources();

  await system.restart();
  const begun_anew = await system.resources();
  const cold = await searchForEach(system);
  report(`${USERS} users, first search: p50 ${cold.p50Ms.toFixed(1)} ms, p99 ${cold.p99Ms.toFixed(1)} ms`);
  const warm = await searchForEach(system);
  report(`${USERS} users, second search: p50 ${warm.p50Ms.toFixed(1)} ms, p99 ${warm.p99Ms.toFixed(1)} ms`);
  return { resources: { empty, filled, begun_anew, all_searched: await system.resources() }, cold, warm };
}

/** One user after the other. */
async function searchForEach(system: System): Promise<Latency> {
  const tookMs: number[] = [];
  for (let n = 0; n < USERS; n += 1) {
    const startedAt = performance.now();
    await system.search(userOf(n, USERS), queryFor(n));
    tookMs.push(performance.now() - startedAt);
  }
  tookMs.sort((a, b) => a - b);
  return { p50Ms: percentile(tookMs, 0.5), p99Ms: percentile(tookMs, 0.99) };
}
