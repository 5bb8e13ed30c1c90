// The circuit of one target in one gateway, closed, open or being probed. It decides from memory and tells the others afterwards; only who
// finds the time of an open circuit over asks the fleet first, so that N gateways send one probe.
//  C1  A report counts only in the state its permit was given in: each change of state begins a new generation (late failures of an
//      outage do not open a circuit that closed meanwhile). A probe's success counts also where others took over, since it was
//      longer than its lease: a target whose every answer is that slow would stay shut for ever.
//  C2  A probe that says nothing about the target leaves the circuit open and the probe to whoever calls next.
//  C3  What an entry of another gateway says is followed. While the fleet cannot be asked each gateway goes by itself.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry } from '@troupe/shared';
import type { Circuit, CircuitAnswer, Health } from './circuit.ts';
import type { Fleet } from './fleet.ts';
import { decodeFleetState, encodeFleetState, entryOf } from './fleet.ts';
import type { OpeningRules } from './rules.ts';
import { openingMs, Tally } from './rules.ts';

export interface CircuitRules {
  readonly opening: OpeningRules;
  /** How long a circuit stays open, give or take a tenth. */
  readonly openForMs: number;
  /** When others may probe, should whoever does never tell what came of it: longer than most calls take. */
  readonly leaseMs: number;
  /** How long a probe waits for the fleet's leave before it goes by itself. */
  readonly claimWithinMs: number;
  /** When to ask again while somebody else probes. */
  readonly askAgainMs: number;
}

export interface CircuitContext {
  readonly rules: CircuitRules;
  readonly fleet: Fleet;
  /** Names this gateway among the others; never used before. */
  readonly instance: string;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallNow: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly onChange: (target: string, state: CircuitState) => void;
}

export type CircuitState = 'closed' | 'open' | 'half_open';

type State =
  | { readonly kind: 'closed'; readonly tally: Tally }
  | { readonly kind: 'open'; readonly until: number }
  /** By this gateway or another one. */
  | { readonly kind: 'half_open'; readonly until: number };

/** The first may meet an entry that changed or went in a way that takes nothing from what is to be said. */
const WRITE_ATTEMPTS = 2;

export class TargetCircuit implements Circuit, Disposable {
  readonly #target: string;
  readonly #entry: string;
  readonly #context: CircuitContext;
  #state: State;
  #generation = 0;
  #over = false;
  /** Of the fleet's entry as it is known here. */
  #revision = 0;
  #writing: Promise<unknown> = Promise.resolve();
  /** Writes that are not over. */
  #unsaid = 0;

  constructor(target: string, context: CircuitContext) {
    this.#target = target;
    this.#entry = entryOf(target);
    this.#context = context;
    this.#state = this.#closed();
  }

  async ask(): Promise<CircuitAnswer> {
    const { now, rules } = this.#context;
    const state = this.#state;
    if (state.kind === 'closed') return this.#permit(false);
    const leftMs = state.until - now();
    if (leftMs <= 0) return this.#probe();
    return {
      kind: 'open',
      retryAfterMs: state.kind === 'open' ? leftMs : Math.min(leftMs, rules.askAgainMs),
    };
  }

  /** From now on nothing is told: what becomes of the last calls is the doing of the end of this process. */
  [Symbol.dispose](): void {
    this.#over = true;
  }

  /** Takes over what the fleet's entry says, unless it is known here, or what is about to be said here will meet it. */
  follow(entry: Entry): void {
    if (this.#unsaid === 0 && entry.revision > this.#revision) this.#adopt(entry);
  }

  #adopt(entry: Entry): void {
    this.#revision = entry.revision;
    const { now, wallNow, instance } = this.#context;
    const said = decodeFleetState(entry, wallNow());
    if (said === 'unreadable') return;
    if (said === 'closed') {
      if (this.#state.kind !== 'closed') this.#become(this.#closed());
    } else if (said.by !== instance) {
      this.#become({ kind: said.state, until: now() + said.for_ms });
    }
  }

  async #probe(): Promise<CircuitAnswer> {
    const { now, rules } = this.#context;
    this.#become({ kind: 'half_open', until: now() + rules.leaseMs });
    const generation = this.#generation;
    await within(rules.claimWithinMs, this.#tell('half_open', rules.leaseMs));
    return generation === this.#generation ? this.#permit(true) : this.ask();
  }

  #permit(probe: boolean): CircuitAnswer {
    const generation = this.#generation;
    const endsProbing = (health: Health): boolean =>
      probe && health === 'good' && this.#state.kind === 'half_open';
    let reported = false;
    return {
      kind: 'permitted',
      permit: {
        probe,
        report: (health) => {
          const counts = generation === this.#generation || endsProbing(health);
          if (!reported && counts) this.#judge(health);
          reported = true;
        },
      },
    };
  }

  #judge(health: Health): void {
    const state = this.#state;
    if (state.kind === 'closed') {
      if (health !== 'unknown' && state.tally.count(health, this.#context.now())) this.#open();
    } else if (health === 'good') {
      this.#become(this.#closed());
      void this.#tell('closed', 0);
    } else if (health === 'unknown') {
      this.#openFor(0);
    } else {
      this.#open();
    }
  }

  #open(): void {
    const { rules, random } = this.#context;
    this.#openFor(openingMs(rules.openForMs, random()));
  }

  #openFor(ms: number): void {
    this.#become({ kind: 'open', until: this.#context.now() + ms });
    void this.#tell('open', ms);
  }

  #closed(): State {
    return { kind: 'closed', tally: new Tally(this.#context.rules.opening) };
  }

  #become(state: State): void {
    if (this.#over) return;
    const changes = state.kind !== this.#state.kind;
    this.#state = state;
    this.#generation += 1;
    if (changes) this.#context.onChange(this.#target, state.kind);
  }

  /** Puts the fleet's entry, or follows whoever was first. Writes follow each other; never rejects. */
  #tell(state: CircuitState, forMs: number): Promise<void> {
    if (this.#over) return Promise.resolve();
    this.#unsaid += 1;
    const written = this.#writing
      .then(() => this.#write(state, forMs))
      .catch(() => undefined)
      .finally(() => (this.#unsaid -= 1));
    this.#writing = written;
    return written;
  }

  async #write(state: CircuitState, forMs: number): Promise<void> {
    const { fleet, rules, instance, wallNow } = this.#context;
    const value = state === 'closed' ? undefined : encodeFleetState({ state, for_ms: forMs, by: instance });
    for (let attempt = 1; attempt <= WRITE_ATTEMPTS; attempt += 1) {
      const put = await fleet.put(this.#entry, value, this.#revision, rules.claimWithinMs);
      if (put.kind === 'stored') this.#revision = put.seq;
      if (put.kind !== 'wrong_last') return;
      const entry = (await fleet.read(this.#entry)).get(this.#entry);
      // Also a bucket that was made anew begins at 1.
      this.#revision = 0;
      if (entry === undefined) continue;
      const said = decodeFleetState(entry, wallNow());
      // Whoever else still probes is told that the circuit is closed.
      const isOthers =
        typeof said !== 'string' &&
        said.by !== instance &&
        !(state === 'closed' && said.state === 'half_open');
      if (isOthers || (said === 'closed' && state === 'half_open')) {
        this.#adopt(entry);
        return;
      }
      // This gateway's own, whose answer was lost, or a circuit closed before the failures that were seen here.
      this.#revision = entry.revision;
    }
  }
}

/** Waits for `work`, but no longer than `ms`; it goes on by itself then. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
}
