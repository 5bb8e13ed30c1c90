// The measured figures as tables for people: medians over the repetitions.
import { aligned } from '../support/aligned.ts';
import { CONCURRENCIES } from './measure.ts';
import type { Figures } from './result.ts';
import { searchesOf } from './result.ts';
import type { Size } from './stages/sizes.ts';
import type { Latency, Moment, ThousandUsers } from './stages/thousand-users.ts';
import { MOMENTS } from './stages/thousand-users.ts';
import { cpuTold, percentOf } from './told.ts';

export function tableOf({ oneUser, hundredUsers, thousandUsers }: Figures): string {
  const parts = [
    oneUser && sizesTable('the records of one user', oneUser),
    hundredUsers && sizesTable('the records spread over 100 users', hundredUsers),
    thousandUsers && usersTable(thousandUsers),
  ];
  return `${parts.filter((part) => part !== undefined).join('\n\n')}\n`;
}

const SEARCHES = ['records', 'in flight', 'searches/s', 'p50 ms', 'p99 ms', 'ours', 'CPU ms per search'];
const UPSERTS = ['records', 'upserts/s by the log', 'put directly/s', 'CPU ms per upsert'];

function sizesTable(title: string, sizes: readonly Size[]): string {
  const searches = sizes.flatMap((size) =>
    CONCURRENCIES.map((concurrency) => {
      const { perSecond, p50Ms, p99Ms, ours, cpuMs } = searchesOf(size, concurrency);
      return [
        String(size.records),
        String(concurrency),
        perSecond.toFixed(0),
        p50Ms.toFixed(1),
        p99Ms.toFixed(1),
        percentOf(ours),
        cpuTold(cpuMs),
      ];
    }),
  );
  const upserts = sizes.map(({ records, upserts: { perSecond, cpuMs }, directPerSecond }) => [
    ...[String(records), perSecond.toFixed(0), directPerSecond.toFixed(0), cpuTold(cpuMs)],
  ]);
  return [title, ...aligned([SEARCHES, ...searches]), '', ...aligned([UPSERTS, ...upserts])].join('\n');
}

const HELD = ['', 'Chroma MB', 'descriptors', 'memory MB', 'descriptors'];

const MOMENT_NAMES: Readonly<Record<Moment, string>> = {
  empty: 'nothing stored',
  filled: '1,000 users × 3 records written',
  begun_anew: 'Chroma and memory begun anew',
  all_searched: 'every user searched twice',
};

function usersTable({ resources, cold, warm }: ThousandUsers): string {
  const held = MOMENTS.map((moment) => {
    const { chroma, memory } = resources[moment] ?? {};
    const cells = [chroma, memory].flatMap((one) => [one?.megabytes.toFixed(0), one?.descriptors.toString()]);
    return [MOMENT_NAMES[moment], ...cells.map((cell) => cell ?? '?')];
  });
  const times = (name: string, { p50Ms, p99Ms }: Latency): string =>
    `${name} search of each user: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
  return [...aligned([HELD, ...held]), times('first', cold), times('second', warm)].join('\n');
}
