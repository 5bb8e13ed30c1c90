// What providers do not allow for a while: a group of keys that is throttled for a model or whose quota is used up, a key that may not use a
// model. Pure: times are given, in milliseconds that never go back, and what is over is over by itself.
import type { KeyChoice } from './keys.ts';

export type LimitKind = Extract<
  Extract<KeyChoice, { kind: 'none' }>['why'],
  'throttled' | 'exhausted' | 'masked'
>;

export interface Limit {
  readonly why: LimitKind;
  readonly until: number;
}

interface Named {
  readonly id: string;
  readonly group: string;
}

const OWNER: Readonly<Record<LimitKind, (key: Named) => string>> = {
  exhausted: ({ group }) => group,
  throttled: ({ group }) => group,
  masked: ({ id }) => id,
};

interface Held extends Limit {
  readonly owner: string;
  /** Undefined: every model. */
  readonly model: string | undefined;
}

export class Limits {
  #held: readonly Held[] = [];

  /** Holds from `now` on, unless it does so longer already. Says whether it did not hold before. */
  set({ why, until }: Limit, { key, model, now }: { key: Named; model: string; now: number }): boolean {
    const held: Held = { why, until, owner: OWNER[why](key), model: why === 'exhausted' ? undefined : model };
    const isSame = (other: Held): boolean =>
      other.why === why && other.owner === held.owner && other.model === held.model;
    const current = this.#held.filter((other) => other.until > now);
    const before = current.find(isSame);
    this.#held = [...current.filter((other) => !isSame(other)), longer(before, held)];
    return before === undefined;
  }

  /** The limit of `key` that holds longest for `model` (undefined: for any model); undefined: there is none. */
  of(key: Named, model: string | undefined, now: number): Limit | undefined {
    let longest: Held | undefined;
    for (const held of this.#held) {
      if (held.owner !== OWNER[held.why](key) || held.until <= now) continue;
      if (model !== undefined && held.model !== undefined && held.model !== model) continue;
      longest = longer(longest, held);
    }
    return longest;
  }
}

const longer = (a: Held | undefined, b: Held): Held => (a !== undefined && a.until >= b.until ? a : b);

/** A quota that is used up is asked for again after a while, and as soon as a month begins: most limits are monthly, in UTC. */
export function exhaustedMs(forMs: number, wallNow: number): number {
  const date = new Date(wallNow);
  const nextMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  return Math.min(forMs, nextMonth - wallNow);
}
