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
  /** `used` is what the provider reported before it failed; `received` the characters that the model wrote. */
  | {
      readonly kind: 'failed';
      readonly fault: FaultClass;
      readonly used: Partial<ModelUsage>;
      readonly received: number;
    }
  | { readonly kind: 'abandoned'; readonly used: Partial<ModelUsage>; readonly received: number }
  /** Once it was on record it was too late to ask. */
  | { readonly kind: 'not_sent' };

/** `estimated`: the provider did not report it. `costNanoUsd` is null where the model has no price. */
export interface Charge {
  readonly usage: ModelUsage;
  readonly estimated: boolean;
  readonly costNanoUsd: number | null;
}

export interface OpenAttempt {
  /**
   * Once. Resolves when it is settled and on record. Where that takes too long it resolves all the same, since an answer may be in hand,
   * and both are tried on beside the call.
   */
  end(end: AttemptEnd): Promise<Charge>;
}

export type Opened =
  | {
      readonly kind: 'opened';
      readonly attempt: OpenAttempt;
      /** As known by now; undefined: nothing new. */
      readonly earlier: Earlier | undefined;
    }
  /** A budget does not allow it; nothing was recorded. */
  | { readonly kind: 'refused'; readonly error: Failure; readonly retryAfterMs: number | undefined }
  /** There is a budget, and the model has no price to hold it by; nothing was recorded. */
  | { readonly kind: 'price_unknown' };

/** What others took who handled the same request, most often before: provider calls, and what they cost; null where one has no price. */
export interface Earlier {
  readonly attempts: number;
  readonly costNanoUsd: number | null;
}

export interface Accounts {
  /** `plan.call` is the same object for all attempts of one handling. Rejects with RetryableError; nothing stays reserved then. */
  open(plan: AttemptPlan): Promise<Opened>;
  /** What they left open is presumed to have ended, and put on record so far as that can be done soon. Rejects with RetryableError. */
  earlier(call: CallIdentity): Promise<Earlier>;
}
