// When a circuit opens and for how long. Pure: time is given with each call. Failures in a row are counted by cockatiel; the share of
// failures is counted here, since cockatiel's sampling goes by the wall's clock, which jumps, and knows no halves.
import { ConsecutiveBreaker } from 'cockatiel';
import type { Health } from './circuit.ts';

export interface OpeningRules {
  /** Failures without a success between them. */
  readonly failures: number;
  /** Under concurrency single successes between them hide an outage: so a share of failures opens, too. */
  readonly share: {
    /** From 0 to 1. */
    readonly atLeast: number;
    /** Below this number of calls a share says nothing. */
    readonly calls: number;
    readonly withinMs: number;
  };
}

/** A slow call counts half: everything is counted in halves. */
const HALVES: Readonly<Record<Exclude<Health, 'unknown'>, number>> = { good: 0, slow: 1, bad: 2 };
/** The window moves on by this part of itself. */
const SLOTS = 30;

interface Slot {
  readonly from: number;
  calls: number;
  halves: number;
}

/** The calls of one closed circuit. It is thrown away when the circuit opens: another one begins from nothing. */
export class Tally {
  readonly #rules: OpeningRules;
  readonly #inARow: ConsecutiveBreaker;
  readonly #slots: Slot[] = [];

  constructor(rules: OpeningRules) {
    this.#rules = rules;
    this.#inARow = new ConsecutiveBreaker(2 * rules.failures);
  }

  /** Counts a call that ended at `now` (milliseconds that never go back) and says whether the circuit opens. A success opens none. */
  count(health: Exclude<Health, 'unknown'>, now: number): boolean {
    const halves = HALVES[health];
    const slot = this.#slotAt(now);
    slot.calls += 1;
    slot.halves += halves;
    if (halves === 0) {
      this.#inARow.success();
      return false;
    }
    let tooMany = false;
    for (let half = 0; half < halves; half += 1) tooMany = this.#inARow.failure();
    return tooMany || this.#shareIsTooLarge();
  }

  #slotAt(now: number): Slot {
    const { withinMs } = this.#rules.share;
    while (this.#slots[0] !== undefined && this.#slots[0].from <= now - withinMs) this.#slots.shift();
    const last = this.#slots.at(-1);
    if (last !== undefined && now < last.from + withinMs / SLOTS) return last;
    const next = { from: now, calls: 0, halves: 0 };
    this.#slots.push(next);
    return next;
  }

  #shareIsTooLarge(): boolean {
    const { atLeast, calls } = this.#rules.share;
    let all = 0;
    let halves = 0;
    for (const slot of this.#slots) {
      all += slot.calls;
      halves += slot.halves;
    }
    return all >= calls && halves / 2 >= atLeast * all;
  }
}

/** Spread by a tenth to both sides, so that circuits that opened together do not probe together. `random` is from 0 to 1. */
export const openingMs = (openForMs: number, random: number): number => openForMs * (0.9 + 0.2 * random);
