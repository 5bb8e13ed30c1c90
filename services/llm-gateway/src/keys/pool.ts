// The keys of one provider: which one a call takes, and what its outcome says about the key (the error table's key column).
//  P1  A refused key (401) is revoked until it is taken from the sources; the others serve.
//  P2  No key is lost to automation: where all are revoked, one call after each pause tries one again, in case the provider erred.
//  P3  A key that left the sources is given to no new call, and is gone when its last call is over.
import type { FaultClass } from '../rules/classify.ts';
import { favourite } from './favourite.ts';
import type { KeyOutcome } from './key-in-use.ts';
import { Use } from './key-in-use.ts';
import type { KeyChoice, KeyInUse, Keys, KeyWish } from './keys.ts';
import type { LimitKind } from './limits.ts';
import { exhaustedMs, Limits } from './limits.ts';
import type { ProviderKey } from './provider-key.ts';

export interface KeyRules {
  readonly exhaustedForMs: number;
  /** A model that a key may not use. */
  readonly maskedForMs: number;
  /** At least, whatever the provider asks for; at most, as long as a quota. */
  readonly throttledForMs: number;
  /** The pause of P2. */
  readonly retrialMs: number;
  /** Calls in flight below which a key is never too busy. */
  readonly spillFrom: number;
}

export const KEY_RULES: KeyRules = {
  exhaustedForMs: 3_600_000,
  maskedForMs: 600_000,
  throttledForMs: 1_000,
  retrialMs: 60_000,
  spillFrom: 8,
};

export type KeyState = 'active' | LimitKind | 'revoked' | 'draining' | 'gone';

/** Everything that may be told of a key. */
export interface KeyEvent {
  readonly id: string;
  readonly group: string;
  readonly state: KeyState;
  /** What the state is about, where it is about one model. */
  readonly model?: string;
}

export interface KeyPoolOptions {
  readonly rules: KeyRules;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallNow: () => number;
  /** A limit that ends by itself is not told of. */
  readonly onChange: (event: KeyEvent) => void;
}

interface Slot {
  key: ProviderKey;
  readonly id: string;
  inFlight: number;
  /** When it was refused last. */
  revokedAt: number | undefined;
  draining: boolean;
}

const SAYS: Partial<Record<FaultClass, LimitKind | 'revoked'>> = {
  unauthorized: 'revoked',
  quota_exhausted: 'exhausted',
  rate_limited: 'throttled',
  forbidden: 'masked',
  unknown_model: 'masked',
};

export class KeyPool implements Keys {
  readonly #options: KeyPoolOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #limits = new Limits();

  constructor(keys: readonly ProviderKey[], options: KeyPoolOptions) {
    this.#options = options;
    for (const key of keys) this.#put(key);
  }

  /** Takes what the sources hold now. An empty list changes nothing: it is a mistake, or a file that is being written. */
  replace(keys: readonly ProviderKey[]): void {
    if (keys.length === 0) return;
    const ids = new Set(keys.map(({ id }) => id));
    for (const key of keys) {
      const slot = this.#put(key);
      if (slot !== undefined) this.#tell(slot, 'active');
    }
    for (const slot of this.#slots.values()) {
      if (ids.has(slot.id) || slot.draining) continue;
      slot.draining = true;
      this.#tell(slot, 'draining');
      this.#letGo(slot);
    }
  }

  choose({ model, affinity, except }: KeyWish): KeyChoice {
    const now = this.#options.now();
    const kept = [...this.#slots.values()].filter(({ draining }) => !draining);
    const live = kept.filter(({ revokedAt }) => revokedAt === undefined);
    if (live.length === 0) return this.#tryRevoked(kept, { model, except, now });
    const untried = live.filter(({ id }) => !except.has(id));
    if (untried.length === 0) return { kind: 'none', why: 'tried', retryAfterMs: undefined };
    const limits = untried.map((slot) => this.#limits.of(slot.key, model, now));
    const usable = untried.filter((_, index) => limits[index] === undefined);
    const slot = favourite(usable, affinity, this.#options.rules.spillFrom);
    if (slot !== undefined) return { kind: 'key', key: this.#use(slot, model) };
    const first = limits.reduce((a, b) => ((a?.until ?? Infinity) <= (b?.until ?? Infinity) ? a : b));
    return { kind: 'none', why: first?.why ?? 'throttled', retryAfterMs: (first?.until ?? now) - now };
  }

  /** The keys with what holds for any model now, for a metric. */
  states(): KeyEvent[] {
    const now = this.#options.now();
    return [...this.#slots.values()].map((slot) => ({
      id: slot.id,
      group: slot.key.group,
      state: this.#stateOf(slot, now),
    }));
  }

  #stateOf({ key, draining, revokedAt }: Slot, now: number): KeyState {
    if (draining) return 'draining';
    return revokedAt === undefined ? (this.#limits.of(key, undefined, now)?.why ?? 'active') : 'revoked';
  }

  /** The slot of a key that was not there, or on its way out. */
  #put(key: ProviderKey): Slot | undefined {
    const id = key.id;
    const slot = this.#slots.get(id) ?? { key, id, inFlight: 0, revokedAt: undefined, draining: true };
    slot.key = key;
    if (!slot.draining) return undefined;
    slot.draining = false;
    slot.revokedAt = undefined;
    this.#slots.set(id, slot);
    return slot;
  }

  #tryRevoked(
    kept: readonly Slot[],
    { model, except, now }: { model: string; except: ReadonlySet<string>; now: number },
  ): KeyChoice {
    const until = ({ revokedAt = now }: Slot): number => revokedAt + this.#options.rules.retrialMs;
    const [slot] = [...kept].sort((a, b) => until(a) - until(b));
    if (slot === undefined) return { kind: 'none', why: 'revoked', retryAfterMs: undefined };
    const waitMs = until(slot) - now;
    if (waitMs > 0) return { kind: 'none', why: 'revoked', retryAfterMs: waitMs };
    if (slot.inFlight > 0 || except.has(slot.id))
      return { kind: 'none', why: 'revoked', retryAfterMs: undefined };
    return { kind: 'key', key: this.#use(slot, model) };
  }

  #use(slot: Slot, model: string): KeyInUse {
    slot.inFlight += 1;
    return new Use(slot.key, {
      report: (outcome) => this.#report(slot, model, outcome),
      over: () => {
        slot.inFlight -= 1;
        this.#letGo(slot);
      },
    });
  }

  #report(slot: Slot, model: string, outcome: KeyOutcome): void {
    const { rules, now, wallNow } = this.#options;
    if (outcome === 'good') {
      if (slot.revokedAt === undefined) return;
      slot.revokedAt = undefined;
      this.#tell(slot, 'active');
      return;
    }
    const says = SAYS[outcome.fault];
    switch (says) {
      case undefined:
        return;
      case 'revoked':
        if (slot.revokedAt === undefined) this.#tell(slot, 'revoked');
        slot.revokedAt = now();
        return;
      case 'exhausted':
        return this.#limit(slot, { why: says, model, forMs: exhaustedMs(rules.exhaustedForMs, wallNow()) });
      case 'masked':
        return this.#limit(slot, { why: says, model, forMs: rules.maskedForMs });
      case 'throttled': {
        const forMs = Math.max(rules.throttledForMs, outcome.retryAfterMs ?? 0);
        return this.#limit(slot, { why: says, model, forMs: Math.min(forMs, rules.exhaustedForMs) });
      }
    }
  }

  #limit({ key }: Slot, { why, model, forMs }: { why: LimitKind; model: string; forMs: number }): void {
    const now = this.#options.now();
    const isNew = this.#limits.set({ why, until: now + forMs }, { key, model, now });
    const about = why === 'exhausted' ? {} : { model };
    if (isNew) this.#options.onChange({ id: key.id, group: key.group, state: why, ...about });
  }

  #letGo(slot: Slot): void {
    if (!slot.draining || slot.inFlight > 0) return;
    this.#slots.delete(slot.id);
    this.#tell(slot, 'gone');
  }

  #tell({ key: { id, group } }: Slot, state: KeyState): void {
    this.#options.onChange({ id, group, state });
  }
}
