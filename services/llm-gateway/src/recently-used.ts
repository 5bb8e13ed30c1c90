// A bounded memory that forgets what was not used for longest. Values have weights, since conversations differ in size by
// orders of magnitude; the bound is on their sum.

export class RecentlyUsed<Key, Value> {
  readonly #maxWeight: number;
  /** In the order of use, oldest first. */
  readonly #entries = new Map<Key, { value: Value; weight: number }>();
  #weight = 0;

  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight;
  }

  get(key: Key): Value | undefined {
    const entry = this.#remove(key);
    if (entry !== undefined) this.put(key, entry.value, entry.weight);
    return entry?.value;
  }

  /** As `get`, and forgets it. */
  take(key: Key): Value | undefined {
    return this.#remove(key)?.value;
  }

  /** Remembers `value` unless it is heavier than everything together may be. */
  put(key: Key, value: Value, weight: number): void {
    this.#remove(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#maxWeight) break;
      this.#remove(oldest);
    }
  }

  #remove(key: Key): { value: Value; weight: number } | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
    return entry;
  }
}
