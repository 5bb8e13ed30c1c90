// Figures from repetitions: medians, what is added, ratios, and the line of JSON.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Repetition } from './measure.ts';
import type { Path } from './paths.ts';
import { pathsOf } from './paths.ts';
import { addedBy, figuresOf, ratioOf, resultOf } from './result.ts';

const CPU = new Map([
  ['nats-server', 0.2],
  ['simulator', 0.3],
  ['llm-gateway', 1.5],
  ['portkey', 1.8],
  ['load', 0.9],
]);
const repetition = (path: Path, perSecond: number, p99Ms: number): Repetition => ({
  path,
  concurrency: 32,
  perSecond,
  p50Ms: p99Ms / 2,
  p99Ms,
  cpuMs: CPU,
});
const repetitions = [
  repetition('direct', 1_000, 10),
  repetition('direct', 900, 30),
  repetition('direct', 1_100, 20),
  repetition('troupe', 800, 40),
  repetition('portkey', 400, 60),
];

test('a figure is the median of its repetitions, and counts only the processes that have to do with the way', () => {
  assert.deepEqual(figuresOf(repetitions, 'direct', 32), {
    perSecond: 1_000,
    p50Ms: 10,
    p99Ms: 20,
    cpuMs: { simulator: 0.3, load: 0.9 },
  });
  assert.equal(figuresOf(repetitions, 'direct', 128), undefined);
});

test('a gateway adds what its latency has beyond the way past it, at the same concurrency', () => {
  assert.deepEqual(addedBy(repetitions, 'troupe', 32), { p50Ms: 10, p99Ms: 20 });
  assert.equal(addedBy(repetitions, 'portkey_unstreamed', 32), undefined);
});

test('the ratio divides our figures by those of the other gateway', () => {
  assert.deepEqual(ratioOf(repetitions, 'portkey', 32), { perSecond: 2, addedP99: 0.5 });
  const free = [
    ...repetitions,
    repetition('portkey_unstreamed', 500, 5),
    repetition('direct_unstreamed', 500, 5),
  ];
  assert.equal(ratioOf(free, 'portkey_unstreamed', 32)?.addedP99, null);
});

test('the JSON leaves out what was not measured', () => {
  assert.deepEqual(resultOf(repetitions, ['direct', 'troupe']), {
    direct: {
      32: { calls_per_second: 1_000, p50_ms: 10, p99_ms: 20, cpu_ms_per_call: { simulator: 0.3, load: 0.9 } },
    },
    troupe: {
      32: {
        calls_per_second: 800,
        p50_ms: 20,
        p99_ms: 40,
        added_p50_ms: 10,
        added_p99_ms: 20,
        cpu_ms_per_call: { 'nats-server': 0.2, simulator: 0.3, 'llm-gateway': 1.5, load: 0.9 },
      },
    },
    ratio: {},
  });
});

test('each gateway is measured beside its own way past it', () => {
  assert.deepEqual(pathsOf(['troupe']), ['direct', 'troupe']);
  assert.deepEqual(pathsOf(['portkey_unstreamed']), ['direct_unstreamed', 'portkey_unstreamed']);
});
