// Search and upsert among more and more records of one user, or of several.
import { report } from '../../support/command.ts';
import { recordsIn } from '../count.ts';
import type { Searches, Upserts } from '../measure.ts';
import { CONCURRENCIES, measureSearches, measureUpserts } from '../measure.ts';
import type { Options } from '../options.ts';
import { openStore, putDirectly } from '../records.ts';
import { startSystem } from '../system.ts';
import { toldOf } from '../told.ts';

export interface Size {
  readonly records: number;
  /** All repetitions. */
  readonly searches: readonly Searches[];
  /** Of the last records of this size; the ones before were put into the store directly. */
  readonly upserts: Upserts;
  /** Of those, per second. */
  readonly directPerSecond: number;
}

/** Of each size at most so many come by the log. */
const MOST_RUNS = 1_000;
const TOLD_EVERY = 10_000;

/** Throws if Chroma does not hold exactly the records of each size. */
export async function measureSizes(
  { sizes, rounds, seconds, profileDir }: Options,
  users: number,
): Promise<Size[]> {
  await using system = await startSystem({ profileDir });
  const store = openStore(system);
  const measured: Size[] = [];
  let filled = 0;
  for (const records of sizes) {
    const runs = Math.min(MOST_RUNS, Math.floor((records - filled) / 2));
    const direct = records - runs - filled;
    const startedAt = performance.now();
    for (let from = filled; from < filled + direct; from += TOLD_EVERY) {
      const to = Math.min(from + TOLD_EVERY, filled + direct);
      await putDirectly(store, { from, to, users });
      report(`${users} user(s): ${to} records put directly`);
    }
    const directPerSecond = (direct / (performance.now() - startedAt)) * 1_000;
    const upserts = await measureUpserts(system, { from: records - runs, to: records, users });
    filled = records;
    const stored = await recordsIn(system.chromaUrl);
    if (stored !== records) throw new Error(`${records} records were written; Chroma holds ${stored}`);
    report(`${users} user(s), ${records} records, upserts: ${toldOf(upserts)}`);

    const searches: Searches[] = [];
    // Dropped: what has just been written is not warm.
    await measureSearches(system, { records, users, concurrency: 8, seconds: seconds / 2 });
    for (let round = 1; round <= rounds; round += 1)
      for (const concurrency of CONCURRENCIES) {
        const repetition = await measureSearches(system, { records, users, concurrency, seconds });
        searches.push(repetition);
        report(
          `${users} user(s), ${records} records, ${concurrency} in flight, round ${round}: ${toldOf(repetition)}`,
        );
      }
    measured.push({ records, searches, upserts, directPerSecond });
  }
  return measured;
}
