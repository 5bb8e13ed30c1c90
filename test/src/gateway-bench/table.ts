// The measured figures as a table for people.
import { aligned } from '../support/aligned.ts';
import type { Repetition } from './measure.ts';
import type { Path } from './paths.ts';
import { CONCURRENCIES, CONTENDERS } from './paths.ts';
import { addedBy, figuresOf, ratioOf } from './result.ts';

const HEAD = ['in flight', 'way', 'calls/s', 'p50 ms', 'p99 ms', 'added p50', 'added p99', 'CPU ms per call'];

export function tableOf(repetitions: readonly Repetition[], paths: readonly Path[]): string {
  const rows = CONCURRENCIES.flatMap((concurrency) =>
    paths.flatMap((path) => {
      const figures = figuresOf(repetitions, path, concurrency);
      if (figures === undefined) return [];
      const contender = CONTENDERS.find((one) => one === path);
      const added = contender && addedBy(repetitions, contender, concurrency);
      return [
        [
          String(concurrency),
          path,
          figures.perSecond.toFixed(0),
          figures.p50Ms.toFixed(1),
          figures.p99Ms.toFixed(1),
          added?.p50Ms.toFixed(1) ?? '',
          added?.p99Ms.toFixed(1) ?? '',
          Object.entries(figures.cpuMs)
            .map(([name, ms]) => `${name} ${ms.toFixed(2)}`)
            .join(' + '),
        ],
      ];
    }),
  );
  return `${[...aligned([HEAD, ...rows]), '', ...ratiosOf(repetitions)].join('\n').trimEnd()}\n`;
}

const ratiosOf = (repetitions: readonly Repetition[]): string[] =>
  (['portkey', 'portkey_unstreamed'] as const).flatMap((peer) =>
    CONCURRENCIES.flatMap((concurrency) => {
      const ratio = ratioOf(repetitions, peer, concurrency);
      if (ratio === undefined) return [];
      const added =
        ratio.addedP99 === null ? 'added p99 not comparable' : `${ratio.addedP99.toFixed(2)} × its added p99`;
      return [
        `ours / ${peer}, ${concurrency} in flight: ${ratio.perSecond.toFixed(2)} × its calls/s, ${added}`,
      ];
    }),
  );
