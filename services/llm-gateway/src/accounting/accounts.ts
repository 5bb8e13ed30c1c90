// What a provider call costs, as whoever makes it sees it: nothing is sent before its price is reserved and its beginning is on record,
// and every attempt ends on record, with what it used.
import type { Failure, ModelUsage } from '@troupe/contracts';
import type { AttemptKind, CallIdentity } from '../call-identity.ts';
import type { ModelRequest } from '../generation.ts';
import type { FaultClass } from '../rules/classify.ts';
import type { Target } from '../rules/targets.ts';

export interface AttemptPlan {
  readonly call: CallIdentity;
  readonly target: Target;
  readonly keyId: string;
  readonly kind: AttemptKind;
  readonly request: ModelRequest;
  /** The call's time is over then, and with it the reservation. */
  readonly leftMs: number;
}

export type AttemptEnd =
  /** `estimated`: by the adapter, since the server does not count. */
  | { readonly kind: 'answered'; readonly usage: ModelUsage; readonly estimated?: boolean }
  /** `used` is what the provider reported before it failed; `received` the characters of answer that came. */
  | {
      readonly kind: 'failed';
      readonly fault: FaultClass;
      readonly used: Partial<ModelUsage>;
      readonly received: number;
    }
  | { readonly kind: 'abandoned'; readonly used: Partial<ModelUsage>; readonly received: number };

/** `estimated`: the provider did not report it. `costNanoUsd` is null where the model has no price. */
export interface Charge {
  readonly usage: ModelUsage;
  readonly estimated: boolean;
  readonly costNanoUsd: number | null;
}

export interface OpenAttempt {
  /** Once. Resolves when it is on record; rejects with RetryableError where it cannot be put there. */
  end(end: AttemptEnd): Promise<Charge>;
}

export type Opened =
  | { readonly kind: 'opened'; readonly attempt: OpenAttempt }
  /** A budget does not allow it; nothing was recorded. */
  | { readonly kind: 'refused'; readonly error: Failure; readonly retryAfterMs: number | undefined };

export interface Accounts {
  open(plan: AttemptPlan): Promise<Opened>;
}
