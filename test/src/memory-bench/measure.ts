// What is measured of searches and of upserts: how long they take, the CPU that every process spends on one, and how much of a search's time
// is spent waiting for Chroma.
import { LOG_STREAM } from '@troupe/shared';
import type { Cpu } from '../bench/cpu.ts';
import { drive } from '../gateway-bench/load/drive.ts';
import { until } from '../support/until.ts';
import type { Records } from './records.ts';
import { userOf, writeRuns } from './records.ts';
import type { System } from './system.ts';
import { queryFor } from './texts.ts';

export const CONCURRENCIES = [1, 8] as const;
export type Concurrency = (typeof CONCURRENCIES)[number];

export interface Searches {
  readonly concurrency: Concurrency;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the time that callers waited, what memory did not itself wait for Chroma, from 0 to 1. */
  readonly ours: number;
  /** By name of the process, in ms per search; undefined where the system does not tell. */
  readonly cpuMs: Cpu | undefined;
}

export interface Upserts {
  readonly runs: number;
  readonly perSecond: number;
  /** In ms per run, the writing of its log included. */
  readonly cpuMs: Cpu | undefined;
}

export interface Load {
  readonly records: number;
  readonly users: number;
  readonly concurrency: Concurrency;
  readonly seconds: number;
}

/** Far apart from each other, and all different for as long as there are so many records. */
const STRIDE = 7_919;
const PROJECTION = 'memory-projection';
const PROJECTED_WITHIN_MS = 600_000;

/** Each search asks for another record. Throws if one finds nothing. */
export async function measureSearches(system: System, load: Load): Promise<Searches> {
  const { records, users, concurrency, seconds } = load;
  let asked = 0;
  const [cpuBefore, chromaBefore] = [await system.cpu(), await system.chromaTime()];
  const driven = await drive(
    () => {
      asked += STRIDE;
      const record = asked % records;
      return system.search(userOf(record, users), queryFor(record));
    },
    { concurrency, seconds },
  );
  const [cpuAfter, chromaAfter] = [await system.cpu(), await system.chromaTime()];
  const waitedMs = concurrency * driven.seconds * 1_000;
  return {
    concurrency,
    perSecond: driven.calls / driven.seconds,
    p50Ms: driven.p50Ms,
    p99Ms: driven.p99Ms,
    ours: 1 - (chromaAfter.ms - chromaBefore.ms) / waitedMs,
    cpuMs: perEach(cpuBefore, cpuAfter, driven.calls),
  };
}

/** From the first event of the first run until the projection has nothing left to do. */
export async function measureUpserts(system: System, records: Records): Promise<Upserts> {
  const runs = records.to - records.from;
  const manager = await system.kernel.connection.jetstreamManager();
  const cpuBefore = await system.cpu();
  const startedAt = performance.now();
  await writeRuns(system, records);
  await until(
    'the projection of all runs',
    async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info(LOG_STREAM, PROJECTION);
      return num_pending + num_ack_pending === 0;
    },
    PROJECTED_WITHIN_MS,
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  return { runs, perSecond: runs / seconds, cpuMs: perEach(cpuBefore, await system.cpu(), runs) };
}

function perEach(before: Cpu | undefined, after: Cpu | undefined, count: number): Cpu | undefined {
  if (before === undefined || after === undefined) return undefined;
  return new Map([...after].map(([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / count]));
}
