// Turns at a target: how many calls it takes at once, and whose is next.
import type { UserId } from '@troupe/contracts';

export interface Ticket {
  readonly user: UserId;
  /** What the call is expected to use, input and output. */
  readonly tokens: number;
  /** How long the call may still take, waiting included. */
  readonly leftMs: number;
  readonly signal: AbortSignal;
}

/** What a call said about the target's capacity. */
export type LoadSignal = 'good' | 'throttled' | 'none';

export interface Turn {
  /** Once: gives the place back, and corrects the estimate. */
  done(signal: LoadSignal, usedTokens: number | undefined): void;
}

export type Admitted =
  | { readonly kind: 'admitted'; readonly turn: Turn }
  /** Its turn would come too late. */
  | { readonly kind: 'shed'; readonly retryAfterMs: number };

export interface Admission {
  /** Waits for a place at `target`. Rejects with the signal's reason when it aborts. */
  enter(target: string, ticket: Ticket): Promise<Admitted>;
}
