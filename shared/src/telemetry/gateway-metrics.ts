// What the llm-gateway counts beside the calls and tokens that metrics.ts counts: attempts by kind, money, its own time, circuits, keys,
// queues. Every label has few values: closed sets, configured names, ids of configured keys; never a user or a workflow.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface LlmAttempt {
  readonly provider: string;
  readonly model: string;
  readonly kind: string;
  /** `none` for an attempt that was answered. */
  readonly errorClass: string;
}

export interface KeyInState {
  readonly provider: string;
  /** The first digits of its hash. */
  readonly keyId: string;
  readonly state: string;
}

const CIRCUIT_STATES = { closed: 0, half_open: 1, open: 2 } as const;
/** From what a call costs us at best to a wait for a circuit. */
const OVERHEAD_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class GatewayMetrics {
  readonly #attempts: Counter<'provider' | 'model' | 'kind' | 'error_class'>;
  readonly #restarts: Counter<'provider' | 'model'>;
  readonly #cost: Counter<'provider' | 'model'>;
  readonly #priceMissing: Counter<'provider' | 'model'>;
  readonly #budgetRefused: Counter<'scope'>;
  readonly #duplicates: Counter;
  readonly #overhead: Histogram;
  readonly #queueWait: Histogram;
  readonly #shed: Counter<'reason'>;
  readonly #circuit: Gauge<'target'>;
  readonly #keyStates: (() => Iterable<KeyInState>)[] = [];

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = <Label extends string>(
      name: string,
      help: string,
      ...labelNames: Label[]
    ): Counter<Label> => new Counter({ name, help, labelNames, registers });
    const histogram = (name: string, help: string): Histogram =>
      new Histogram({ name, help, buckets: OVERHEAD_BUCKETS, registers });
    this.#attempts = counter(
      'agents_llm_attempts_total',
      'Provider calls by why they were made and how they ended.',
      'provider',
      'model',
      'kind',
      'error_class',
    );
    this.#restarts = counter(
      'agents_llm_stream_restarts_total',
      'Answers that broke after they had begun, and were begun anew.',
      'provider',
      'model',
    );
    this.#cost = counter(
      'agents_llm_cost_nano_usd_total',
      'In billionths of a US dollar.',
      'provider',
      'model',
    );
    this.#priceMissing = counter(
      'agents_llm_price_missing_total',
      'Provider calls whose model has no price: they cost something unknown, not nothing.',
      'provider',
      'model',
    );
    this.#budgetRefused = counter(
      'agents_llm_budget_refused_total',
      'Calls that a budget did not allow.',
      'scope',
    );
    this.#duplicates = counter(
      'agents_llm_suspected_duplicates_total',
      'Provider calls whose process ended before their end was on record: they may have been billed for nothing.',
    );
    this.#overhead = histogram(
      'agents_llm_overhead_seconds',
      'Of a model turn, the time in which no provider was waited for: queues, waits before retries, books.',
    );
    this.#queueWait = histogram('agents_llm_queue_wait_seconds', 'Until a provider call had its turn.');
    this.#shed = counter(
      'agents_llm_shed_total',
      'Calls sent away because their turn would have come too late.',
      'reason',
    );
    this.#circuit = new Gauge({
      name: 'agents_llm_circuit_state',
      help: '0: closed, 1: half open, 2: open.',
      labelNames: ['target'],
      registers,
    });
    const sources = this.#keyStates;
    new Gauge({
      name: 'agents_llm_key_state',
      help: '1 for the state that a key is in. A key is known by the beginning of its SHA-256.',
      labelNames: ['provider', 'key_id', 'state'],
      registers,
      collect() {
        this.reset();
        for (const { provider, keyId, state } of sources.flatMap((states) => [...states()]))
          this.set({ provider, key_id: keyId, state }, 1);
      },
    });
  }

  attempt({ provider, model, kind, errorClass }: LlmAttempt): void {
    this.#attempts.inc({ provider, model, kind, error_class: errorClass });
  }

  streamRestarted(provider: string, model: string): void {
    this.#restarts.inc({ provider, model });
  }

  cost(provider: string, model: string, nanoUsd: number): void {
    this.#cost.inc({ provider, model }, nanoUsd);
  }

  priceMissing(provider: string, model: string): void {
    this.#priceMissing.inc({ provider, model });
  }

  budgetRefused(scope: string): void {
    this.#budgetRefused.inc({ scope });
  }

  suspectedDuplicate(): void {
    this.#duplicates.inc();
  }

  overhead(seconds: number): void {
    this.#overhead.observe(Math.max(0, seconds));
  }

  queueWait(seconds: number): void {
    this.#queueWait.observe(seconds);
  }

  shed(reason: string): void {
    this.#shed.inc({ reason });
  }

  circuit(target: string, state: keyof typeof CIRCUIT_STATES): void {
    this.#circuit.set({ target }, CIRCUIT_STATES[state]);
  }

  /** Asked at each scrape, since limits of keys end by themselves. */
  followKeys(states: () => Iterable<KeyInState>): void {
    this.#keyStates.push(states);
  }
}
