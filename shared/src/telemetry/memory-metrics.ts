// What memory counts beside the events and the consumer's lag that every service counts: records, searches, rebuilds. No label names a
// user or a run.
import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';

export interface RebuildEvents {
  readonly projected: number;
  readonly total: number;
}

/** Told from the beginning, so that a rate of the first ones can be seen. */
const LABELS = ['outcome', 'remembered'];
/** From a search of a small memory to the time after which a run goes on without one. */
const SEARCH_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class MemoryMetrics {
  readonly #records: Counter<'label'>;
  readonly #search: Histogram;
  readonly #hits: Counter;
  readonly #misses: Counter;
  /** Of the rebuilds that are under way in this process. */
  readonly #rebuilds = new Map<string, RebuildEvents>();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#records = new Counter({
      name: 'agents_memory_records_total',
      help: 'Records written, by what left them; one that is written again counts again.',
      labelNames: ['label'],
      registers,
    });
    for (const label of LABELS) this.#records.inc({ label }, 0);
    this.#search = new Histogram({
      name: 'agents_memory_search_seconds',
      help: 'Duration of an answered search, the embedding of its query included.',
      buckets: SEARCH_BUCKETS,
      registers,
    });
    this.#hits = new Counter({
      name: 'agents_memory_hits_total',
      help: 'Searches that found something above the similarity floor.',
      registers,
    });
    this.#misses = new Counter({
      name: 'agents_memory_misses_total',
      help: 'Searches that found nothing, or nothing above the similarity floor.',
      registers,
    });
    const rebuilds = this.#rebuilds;
    new Gauge({
      name: 'agents_memory_rebuild_events',
      help: 'Events of the rebuilds that are under way: projected, and still waiting.',
      labelNames: ['state'],
      registers,
      collect() {
        const all = [...rebuilds.values()];
        const projected = all.reduce((sum, one) => sum + one.projected, 0);
        this.set({ state: 'projected' }, projected);
        this.set({ state: 'waiting' }, all.reduce((sum, one) => sum + one.total, 0) - projected);
      },
    });
  }

  written(label: string): void {
    this.#records.inc({ label });
  }

  searched(seconds: number, snippets: number): void {
    this.#search.observe(seconds);
    (snippets > 0 ? this.#hits : this.#misses).inc();
  }

  /** `events`: undefined at its end. */
  rebuild(name: string, events: RebuildEvents | undefined): void {
    if (events === undefined) this.#rebuilds.delete(name);
    else this.#rebuilds.set(name, events);
  }
}
