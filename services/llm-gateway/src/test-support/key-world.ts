// A pool of three keys by clocks of the test's own; the first two share a quota group.
import assert from 'node:assert/strict';
import type { KeyChoice, KeyInUse } from '../keys/keys.ts';
import type { KeyEvent } from '../keys/pool.ts';
import { KEY_RULES, KeyPool } from '../keys/pool.ts';
import { ProviderKey } from '../keys/provider-key.ts';
import type { FaultClass } from '../rules/classify.ts';

export const HOUR = 3_600_000;
const key = (name: string, group?: string): ProviderKey => new ProviderKey(`sk-${name}-0123456789`, group);
export const [A, B, C] = [key('a', 'one'), key('b', 'one'), key('c', 'two')];

export class KeyWorld {
  now = 5_000;
  wall = Date.UTC(2026, 5, 10, 12);
  readonly told: string[] = [];
  readonly pool: KeyPool;

  constructor(...keys: ProviderKey[]) {
    this.pool = new KeyPool(keys, {
      rules: KEY_RULES,
      now: () => this.now,
      wallNow: () => this.wall,
      onChange: ({ id, state, model }: KeyEvent) =>
        this.told.push([nameOf(id), state, ...(model === undefined ? [] : [model])].join(' ')),
    });
  }

  choose(model = 'm', except: readonly ProviderKey[] = [], affinity = 'w'): KeyChoice {
    return this.pool.choose({ model, affinity, except: new Set(except.map(({ id }) => id)) });
  }

  /** A call with `wanted`, which ends so. */
  call(wanted: ProviderKey, fault: FaultClass | 'good', retryAfterMs?: number, model = 'm'): void {
    using used = this.take(wanted, model);
    used.report(fault === 'good' ? 'good' : { fault, retryAfterMs });
  }

  take(wanted: ProviderKey, model = 'm'): KeyInUse {
    const others = [A, B, C].filter(({ id }) => id !== wanted.id);
    const choice = this.choose(model, others);
    assert.equal(choice.kind, 'key');
    assert.equal(choice.key.id, wanted.id);
    return choice.key;
  }

  /** The keys that calls may have now. */
  usable(model = 'm'): string[] {
    const except: ProviderKey[] = [];
    for (;;) {
      const choice = this.choose(model, except);
      if (choice.kind === 'none') return except.map(({ id }) => nameOf(id)).sort();
      choice.key[Symbol.dispose]();
      except.push([A, B, C].find(({ id }) => id === choice.key.id) ?? A);
    }
  }
}
export const nameOf = (id: string): string =>
  ['a', 'b', 'c'][[A, B, C].findIndex((known) => known.id === id)] ?? id;
