// The ways by which the same question reaches the same provider. Each gateway is compared with the way past it.

export const PATHS = ['direct', 'troupe', 'portkey', 'direct_unstreamed', 'portkey_unstreamed'] as const;
export type Path = (typeof PATHS)[number];

/** Through a gateway. */
export const CONTENDERS = ['troupe', 'portkey', 'portkey_unstreamed'] as const satisfies readonly Path[];
export type Contender = (typeof CONTENDERS)[number];

/** What a gateway's latency is added to: the same SDK call, streamed or not, without it. */
export const baseOf = (contender: Contender): Path =>
  contender === 'portkey_unstreamed' ? 'direct_unstreamed' : 'direct';

/** In the order in which they are measured, each base with what it is the base of. */
export const pathsOf = (contenders: readonly Contender[]): Path[] => {
  const wanted = new Set<Path>(contenders.flatMap((contender) => [baseOf(contender), contender]));
  return PATHS.filter((path) => wanted.has(path));
};

export const CONCURRENCIES = [1, 32, 128] as const;
export type Concurrency = (typeof CONCURRENCIES)[number];
