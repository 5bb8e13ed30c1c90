// Retries of one target are held to a share of what is asked of it: in an outage every call would otherwise be sent several times,
// to whoever can bear it least. An empty budget sends calls to the next target; it never delays them.

/** Of the requests in the window, and on top of that a few, so that a quiet gateway may retry at all. */
const SHARE = 0.1;
const SPARE = 5;
const SLOTS = 10;

export class RetryBudget {
  readonly #slotMs: number;
  readonly #monotonic: () => number;
  /** Counts of the latest slots of time, at their number modulo SLOTS. */
  readonly #requests = new Uint32Array(SLOTS);
  readonly #retries = new Uint32Array(SLOTS);
  #slot: number;

  constructor(windowMs: number, monotonic: () => number) {
    this.#slotMs = windowMs / SLOTS;
    this.#monotonic = monotonic;
    this.#slot = this.#now();
  }

  /** Whether a retry may be made now. */
  get allows(): boolean {
    this.#forget();
    return sum(this.#retries) + 1 <= sum(this.#requests) * SHARE + SPARE;
  }

  /** A call came to the target for the first time. */
  requested(): void {
    this.#forget();
    add(this.#requests, this.#slot);
  }

  retried(): void {
    this.#forget();
    add(this.#retries, this.#slot);
  }

  #now(): number {
    return Math.floor(this.#monotonic() / this.#slotMs);
  }

  #forget(): void {
    const now = this.#now();
    for (let slot = Math.max(this.#slot, now - SLOTS) + 1; slot <= now; slot += 1) {
      this.#requests[slot % SLOTS] = 0;
      this.#retries[slot % SLOTS] = 0;
    }
    this.#slot = now;
  }
}

const add = (counts: Uint32Array, slot: number): void => {
  counts[slot % SLOTS] = (counts[slot % SLOTS] ?? 0) + 1;
};

const sum = (counts: Uint32Array): number => counts.reduce((total, count) => total + count, 0);
