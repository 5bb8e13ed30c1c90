// Figures from repetitions: medians of those with as many in flight, and the line of JSON.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Concurrency, Searches } from './measure.ts';
import { resultOf, searchesOf } from './result.ts';
import type { Size } from './stages/sizes.ts';
import { tableOf } from './table.ts';

const repetition = (concurrency: Concurrency, p99Ms: number, memoryCpuMs: number): Searches => ({
  concurrency,
  perSecond: 100,
  p50Ms: 10,
  p99Ms,
  ours: 0.25,
  cpuMs: new Map([['memory', memoryCpuMs]]),
});
const size: Size = {
  records: 1_000,
  searches: [
    repetition(1, 30, 2),
    repetition(8, 80, 1),
    repetition(1, 10, 4),
    repetition(8, 90, 1),
    repetition(1, 20, 3),
  ],
  upserts: { runs: 500, perSecond: 60.4, cpuMs: undefined },
  directPerSecond: 800,
};

test('a figure is the median of the repetitions with as many in flight, of every process by itself', () => {
  const { p99Ms, cpuMs } = searchesOf(size, 1);
  assert.deepEqual({ p99Ms, cpuMs }, { p99Ms: 20, cpuMs: new Map([['memory', 3]]) });
  assert.equal(searchesOf(size, 8).p99Ms, 85);
});

test('the JSON leaves out what was not measured, and says null for what the system does not tell', () => {
  const latency = { p50_ms: 10, share_ours: 0.25, per_second: 100 };
  assert.deepEqual(resultOf({ oneUser: [size], hundredUsers: undefined, thousandUsers: undefined }), {
    one_user: {
      1000: {
        search: {
          1: { ...latency, p99_ms: 20, cpu_ms_per_search: { memory: 3 } },
          8: { ...latency, p99_ms: 85, cpu_ms_per_search: { memory: 1 } },
        },
        upserts_per_second: 60,
        cpu_ms_per_upsert: null,
        put_directly_per_second: 800,
      },
    },
  });
});

test('the table has a line for each moment of the thousand users, also where the system tells nothing of them', () => {
  const latency = { p50Ms: 36.4, p99Ms: 131.2 };
  const held = { chroma: { megabytes: 75.6, descriptors: 31 }, memory: { megabytes: 117, descriptors: 25 } };
  const resources = { empty: held, filled: undefined, begun_anew: held, all_searched: held };
  const thousandUsers = { resources, cold: latency, warm: latency };
  const table = tableOf({ oneUser: undefined, hundredUsers: undefined, thousandUsers });
  assert.match(table, /nothing stored +76 +31 +117 +25\n1,000 users × 3 records written +\? +\? +\? +\?\n/);
  assert.match(table, /first search of each user: p50 36\.4 ms, p99 131\.2 ms\n/);
});
