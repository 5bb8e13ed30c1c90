// What was measured, in figures: medians over the repetitions, what a gateway adds to the way past it, and how ours compares with
// Portkey. Pure.
import { median } from '../bench/statistics.ts';
import type { Repetition } from './measure.ts';
import type { Concurrency, Contender, Path } from './paths.ts';
import { baseOf, CONCURRENCIES, CONTENDERS } from './paths.ts';

export interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By name of the process, in ms per call; empty where the system does not tell. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

export interface Added {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Ours through Portkey's: above 1 is more calls, below 1 is less added latency. */
export interface Ratio {
  readonly perSecond: number;
  /** Null where one of them added nothing that could be measured: the machine was busy with something else. */
  readonly addedP99: number | null;
}

/** Undefined for what was not measured. */
export function figuresOf(
  repetitions: readonly Repetition[],
  path: Path,
  concurrency: Concurrency,
): Figures | undefined {
  const of = repetitions.filter((one) => one.path === path && one.concurrency === concurrency);
  if (of.length === 0) return undefined;
  const names = [...(of[0]?.cpuMs?.keys() ?? [])].filter((name) => isPartOf(path, name));
  return {
    perSecond: median(of.map(({ perSecond }) => perSecond)),
    p50Ms: median(of.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(of.map(({ p99Ms }) => p99Ms)),
    cpuMs: Object.fromEntries(
      names.map((name) => [name, median(of.map(({ cpuMs }) => cpuMs?.get(name) ?? 0))]),
    ),
  };
}

/** Whether a process has anything to do with calls by `path`; the others are idle meanwhile. */
function isPartOf(path: Path, name: string): boolean {
  switch (path) {
    case 'direct':
    case 'direct_unstreamed':
      return name === 'load' || name === 'simulator';
    case 'troupe':
      return name !== 'portkey';
    case 'portkey':
    case 'portkey_unstreamed':
      return name === 'load' || name === 'simulator' || name === 'portkey';
  }
}

/** Via the gateway less direct, at the same concurrency. */
export function addedBy(
  repetitions: readonly Repetition[],
  contender: Contender,
  concurrency: Concurrency,
): Added | undefined {
  const via = figuresOf(repetitions, contender, concurrency);
  const direct = figuresOf(repetitions, baseOf(contender), concurrency);
  return via && direct && { p50Ms: via.p50Ms - direct.p50Ms, p99Ms: via.p99Ms - direct.p99Ms };
}

export function ratioOf(
  repetitions: readonly Repetition[],
  peer: Exclude<Contender, 'troupe'>,
  concurrency: Concurrency,
): Ratio | undefined {
  const [ours, theirs] = (['troupe', peer] as const).map((path) => ({
    figures: figuresOf(repetitions, path, concurrency),
    added: addedBy(repetitions, path, concurrency),
  }));
  if (!ours?.figures || !theirs?.figures || !ours.added || !theirs.added) return undefined;
  return {
    perSecond: ours.figures.perSecond / theirs.figures.perSecond,
    addedP99: ours.added.p99Ms > 0 && theirs.added.p99Ms > 0 ? ours.added.p99Ms / theirs.added.p99Ms : null,
  };
}

/** The one line of JSON that machines read. What was not measured is left out. */
export function resultOf(repetitions: readonly Repetition[], paths: readonly Path[]): object {
  const perConcurrency = (one: (concurrency: Concurrency) => object | undefined) =>
    Object.fromEntries(
      CONCURRENCIES.map((concurrency) => [concurrency, one(concurrency)] as const).filter(
        ([, figures]) => figures !== undefined,
      ),
    );
  const contenders = CONTENDERS.filter((contender) => paths.includes(contender));
  const peers = contenders.filter((contender) => contender !== 'troupe');
  return {
    ...Object.fromEntries(
      paths.map((path) => [
        path,
        perConcurrency((concurrency) => {
          const contender = contenders.find((one) => one === path);
          const added = contender && addedBy(repetitions, contender, concurrency);
          return inJson(figuresOf(repetitions, path, concurrency), added);
        }),
      ]),
    ),
    ratio: Object.fromEntries(
      peers.map((peer) => [
        peer,
        perConcurrency((concurrency) => ratioInJson(ratioOf(repetitions, peer, concurrency))),
      ]),
    ),
  };
}

const inJson = (figures: Figures | undefined, added: Added | undefined): object | undefined =>
  figures && {
    calls_per_second: round(figures.perSecond, 0),
    p50_ms: round(figures.p50Ms, 2),
    p99_ms: round(figures.p99Ms, 2),
    ...(added && { added_p50_ms: round(added.p50Ms, 2), added_p99_ms: round(added.p99Ms, 2) }),
    cpu_ms_per_call: Object.fromEntries(
      Object.entries(figures.cpuMs).map(([name, ms]) => [name, round(ms, 3)]),
    ),
  };

const ratioInJson = (ratio: Ratio | undefined): object | undefined =>
  ratio && {
    calls_per_second: round(ratio.perSecond, 2),
    added_p99: ratio.addedP99 === null ? null : round(ratio.addedP99, 2),
  };

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
