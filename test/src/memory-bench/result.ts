// The measured figures as the one line of JSON that machines read. Medians over the repetitions.
import { median } from '../bench/statistics.ts';
import type { Cpu } from '../bench/cpu.ts';
import type { Concurrency, Searches } from './measure.ts';
import { CONCURRENCIES } from './measure.ts';
import type { Size } from './stages/sizes.ts';
import type { Latency, ThousandUsers } from './stages/thousand-users.ts';

/** What was measured; a stage that was left out is undefined. */
export interface Figures {
  readonly oneUser: readonly Size[] | undefined;
  readonly hundredUsers: readonly Size[] | undefined;
  readonly thousandUsers: ThousandUsers | undefined;
}

/** The medians of all repetitions with so many in flight; CPU is undefined where the system does not tell. */
export function searchesOf({ searches }: Size, concurrency: Concurrency): Searches {
  const of = searches.filter((one) => one.concurrency === concurrency);
  const figure = (pick: (one: Searches) => number): number => median(of.map(pick));
  const names = [...(of[0]?.cpuMs?.keys() ?? [])];
  return {
    concurrency,
    perSecond: figure(({ perSecond }) => perSecond),
    p50Ms: figure(({ p50Ms }) => p50Ms),
    p99Ms: figure(({ p99Ms }) => p99Ms),
    ours: figure(({ ours }) => ours),
    cpuMs:
      names.length === 0
        ? undefined
        : new Map(names.map((name) => [name, figure(({ cpuMs }) => cpuMs?.get(name) ?? 0)])),
  };
}

/** Members of stages that were left out are left out; CPU and resources are null where the system does not tell. */
export const resultOf = ({ oneUser, hundredUsers, thousandUsers }: Figures): object => ({
  ...(oneUser && { one_user: sizesInJson(oneUser) }),
  ...(hundredUsers && { hundred_users: sizesInJson(hundredUsers) }),
  ...(thousandUsers && { thousand_users: usersInJson(thousandUsers) }),
});

const sizesInJson = (sizes: readonly Size[]): object =>
  Object.fromEntries(
    sizes.map((size) => [
      size.records,
      {
        search: Object.fromEntries(
          CONCURRENCIES.map((concurrency) => [concurrency, searchesInJson(searchesOf(size, concurrency))]),
        ),
        upserts_per_second: round(size.upserts.perSecond, 0),
        cpu_ms_per_upsert: cpuInJson(size.upserts.cpuMs),
        put_directly_per_second: round(size.directPerSecond, 0),
      },
    ]),
  );

const searchesInJson = ({ perSecond, ours, cpuMs, ...latency }: Searches): object => ({
  per_second: round(perSecond, 0),
  ...latencyInJson(latency),
  share_ours: round(ours, 3),
  cpu_ms_per_search: cpuInJson(cpuMs),
});

const usersInJson = ({ resources, cold, warm }: ThousandUsers): object => ({
  first_search: latencyInJson(cold),
  second_search: latencyInJson(warm),
  resources: Object.fromEntries(
    Object.entries(resources).map(([moment, held]) => [
      moment,
      held === undefined
        ? null
        : Object.fromEntries(
            Object.entries(held).map(([name, { megabytes, descriptors }]) => [
              name,
              { megabytes: round(megabytes, 0), descriptors },
            ]),
          ),
    ]),
  ),
});

const latencyInJson = ({ p50Ms, p99Ms }: Latency): object => ({
  p50_ms: round(p50Ms, 2),
  p99_ms: round(p99Ms, 2),
});

const cpuInJson = (cpu: Cpu | undefined): object | null =>
  cpu === undefined ? null : Object.fromEntries([...cpu].map(([name, ms]) => [name, round(ms, 2)]));

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
