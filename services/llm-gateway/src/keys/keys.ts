// The keys of one provider, as whoever needs one sees them.
import type { FaultClass } from '../rules/classify.ts';

/** A key in use by one call; disposed when the call is over. */
export interface KeyInUse extends Disposable {
  /** The first 8 hex digits of its SHA-256: the only name under which it is ever written down. */
  readonly id: string;
  /** Keys of one group share their provider's limits. */
  readonly group: string;
  readonly secret: string;
  /** What became of the call. */
  report(outcome: { readonly fault: FaultClass; readonly retryAfterMs: number | undefined } | 'good'): void;
}

export type KeyChoice =
  | { readonly kind: 'key'; readonly key: KeyInUse }
  /** None can be used now; `retryAfterMs` where one will be again. `masked`: those that are left may not use the model. */
  | {
      readonly kind: 'none';
      readonly why: 'throttled' | 'exhausted' | 'masked' | 'revoked' | 'tried';
      readonly retryAfterMs: number | undefined;
    };

export interface KeyWish {
  readonly model: string;
  /** Calls with the same one get the same key while they can: providers cache prompts per account. */
  readonly affinity: string;
  /** Ids of keys that this call was refused with. */
  readonly except: ReadonlySet<string>;
}

export interface Keys {
  choose(wish: KeyWish): KeyChoice;
}
